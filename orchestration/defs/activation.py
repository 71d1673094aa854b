"""After the gate: the published generation, and one asset per sync."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, asset

from cdp.errors import CdpError, GateError
from cdp.pipeline.building import Building
from cdp.project import Project
from orchestration.observer import Observer
from orchestration.translator import ENGINEERS
from reverse_etl.declarations import Sync
from reverse_etl.engine.run import SyncResult
from reverse_etl.engine.words import Status
from reverse_etl.runs import run_sync
from reverse_etl.syncs import load_syncs

PUBLISHED = AssetKey(["published_generation"])
PUBLISHED_FOLDERS = ("marts", "reports")


def sync_key(name: str) -> AssetKey:
    return AssetKey(["sync", name])


def published_asset(manifest: Mapping[str, Any], observer: Observer) -> AssetsDefinition:
    """The gate: runs only where every blocking check of the build has passed."""

    @asset(
        key=PUBLISHED,
        deps=_public_models(manifest),
        description="The generation that readers see; a build takes its place when nothing blocks it.",
        group_name="activation",
        owners=[f"team:{ENGINEERS}"],
        kinds={"table"},
        required_resource_keys={"building"},
    )
    def published_generation(context: AssetExecutionContext) -> MaterializeResult[None]:
        with observer.watching("publishing"):
            building: Building = context.resources.building
            building.current()
            generation = building.publish()
            observer.published(generation)
            return MaterializeResult(
                metadata={
                    "generation": generation.number,
                    "as_of": generation.as_of.isoformat(),
                    "batch": generation.batch,
                    "fingerprint": generation.fingerprint,
                }
            )

    return published_generation


def _public_models(manifest: Mapping[str, Any]) -> list[AssetKey]:
    return sorted(
        AssetKey(node["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] in PUBLISHED_FOLDERS
    )


def sync_assets(project: Project, observer: Observer) -> Sequence[AssetsDefinition]:
    """One asset per declared sync; one that fails does not stop the others."""
    return [_sync_asset(project, sync, observer) for sync in load_syncs(project)]


def _sync_asset(project: Project, sync: Sync, observer: Observer) -> AssetsDefinition:
    @asset(
        key=sync_key(sync.name),
        deps=[PUBLISHED, AssetKey(sync.model)],
        description=sync.description,
        group_name="syncs",
        owners=[f"team:{sync.owner}"],
        kinds={"reverse_etl", project.settings.destinations[sync.destination].type},
    )
    def run() -> MaterializeResult[None]:
        with observer.watching(f"the sync {sync.name}"):
            result = run_sync(project, sync.name, observer.syncing)
            observer.synced(result)
            if result.exit_code:
                raise _ending(result)
            return MaterializeResult(metadata=_metadata(result))

    return run


def _ending(result: SyncResult) -> CdpError:
    kind = GateError if result.status is Status.HELD else CdpError
    return kind(f"the sync {result.sync} is {result.status.value}: {result.reason}")


def _metadata(result: SyncResult) -> dict[str, Any]:
    plan = {f"plan_{name}": count for name, count in asdict(result.plan).items()} if result.plan else {}
    return {"run": result.run, **asdict(result.counts), **plan}
