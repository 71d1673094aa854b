"""After the gate: the published generation, and one asset per sync."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    AssetsDefinition,
    MaterializeResult,
    asset,
)

from cdp.errors import CdpError, GateError
from cdp.pipeline.building import Building
from cdp.project import Project
from orchestration.freshness import every_day, within
from orchestration.observer import Observer
from orchestration.retries import PASSING
from orchestration.sync_page import page_of
from orchestration.translator import ENGINEERS
from reverse_etl.declarations import Sync
from reverse_etl.destinations.registry import connector
from reverse_etl.engine.events import BatchAnswered, Event
from reverse_etl.engine.events import Observer as Watcher
from reverse_etl.engine.run import SyncResult
from reverse_etl.engine.words import MATCHED, Status
from reverse_etl.runs import reconcile_syncs, run_sync
from reverse_etl.syncs import load_syncs

Outcome: TypeAlias = AssetCheckResult | AssetObservation | MaterializeResult[None]


@dataclass(frozen=True, slots=True)
class Check:
    """A blocking check that every sync has, or every one whose tool can be asked."""

    name: str
    description: str

    def spec(self, sync: Sync) -> AssetCheckSpec:
        return AssetCheckSpec(self.name, asset=sync_key(sync.name), description=self.description, blocking=True)


REJECTS = Check("few_are_refused", "The tool refuses no larger share of rows than `guards.max_reject_share`.")
RECONCILES = Check("holds_what_it_acknowledged", "The tool, asked for the keys that it acknowledged, has them.")
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
        freshness_policy=every_day(),
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
        check_specs=[REJECTS.spec(sync), *([RECONCILES.spec(sync)] if _reads_back(project, sync) else [])],
        freshness_policy=within(sync.guards.max_age_hours),
        retry_policy=PASSING,
    )
    def run(context: AssetExecutionContext) -> Iterator[Outcome]:
        """What was counted is told of every run; a run that ended badly materializes nothing."""
        with observer.watching(f"the sync {sync.name}"):
            matched = _Matched(observer.syncing)
            result = run_sync(project, sync.name, matched)
            observer.synced(result)
            metadata = {**page_of(project, result, context.run_id), **_metadata(result), **matched.metadata}
            yield _reject_check(sync, result)
            if result.exit_code:
                yield AssetObservation(sync_key(sync.name), metadata=metadata)
                raise _ending(result)
            if _reads_back(project, sync):
                yield from _reconciliation(project, sync)
            yield MaterializeResult(metadata=metadata)

    return run


def _reads_back(project: Project, sync: Sync) -> bool:
    return connector(project.settings.destinations[sync.destination].type, project).capabilities.reads_back > 0


def _reject_check(sync: Sync, result: SyncResult) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=REJECTS.name,
        asset_key=sync_key(sync.name),
        passed=not result.has_doubts,
        metadata={"reject_share": result.reject_share, "max_reject_share": sync.guards.max_reject_share},
    )


def _reconciliation(project: Project, sync: Sync) -> Iterator[AssetCheckResult]:
    """Raises CdpError where the tool lacks more than it may; a little less, or no answer, is a warning."""
    (found,) = reconcile_syncs(project, [sync.name])
    yield AssetCheckResult(
        check_name=RECONCILES.name,
        asset_key=sync_key(sync.name),
        passed=found.agrees,
        severity=AssetCheckSeverity.ERROR if found.is_alarming else AssetCheckSeverity.WARN,
        metadata={
            "expected": found.expected,
            "found": -1 if found.found is None else found.found,
            "is_sample": found.is_sample,
            "reason": found.reason,
        },
    )
    if found.is_alarming:
        raise CdpError(
            f"{sync.name}: {found.found:,} of {found.expected:,} rows that {sync.destination} acknowledged are there.",
            remedy=f"Somebody took them out, or the list is another: cdp sync start-over {sync.name} fills it anew.",
        )


class _Matched:
    """Passes events on, and keeps the match rate that the tool told last."""

    def __init__(self, following: Watcher) -> None:
        self._following, self._rate = following, ""

    def __call__(self, event: Event) -> None:
        self._following(event)
        if isinstance(event, BatchAnswered) and event.code.startswith(MATCHED):
            self._rate = event.code.removeprefix(MATCHED)

    @property
    def metadata(self) -> dict[str, str]:
        return {"match_rate": self._rate} if self._rate else {}


def _ending(result: SyncResult) -> CdpError:
    kind = GateError if result.status is Status.HELD else CdpError
    return kind(f"the sync {result.sync} is {result.status.value}: {result.reason}")


def _metadata(result: SyncResult) -> dict[str, Any]:
    """Rows by where they are, and how fast it went."""
    plan = {f"plan_{name}": count for name, count in asdict(result.plan).items()} if result.plan else {}
    answered = result.counts.ok + result.counts.rejected
    speed = {"seconds": result.seconds, "rows_per_second": answered / result.seconds if result.seconds else 0.0}
    return {"run": result.run, **asdict(result.counts), "reject_share": result.reject_share, **speed, **plan}
