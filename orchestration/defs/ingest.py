"""Landing: one step, one asset per raw table."""

from collections.abc import Iterator, Mapping
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    multi_asset,
)

from cdp.declarations.sources import RAW_PREFIX, SourceTable, load_source_tables
from cdp.landing.land import LandingResult, TableLanding, land
from cdp.operations.retention import clear_away
from cdp.project import Project
from cdp.store import open_store
from orchestration.freshness import of_source
from orchestration.observer import Observer
from orchestration.retries import PASSING
from orchestration.translator import Translator
from quality.landing.gate import landing_gate

CHECK = "every_line_accounted_for"


def key_of(table: SourceTable) -> AssetKey:
    """The key under which dbt's sources go, too."""
    return AssetKey([f"{RAW_PREFIX}{table.source}", table.name])


def landing_assets(project: Project, manifest: Mapping[str, Any], observer: Observer) -> AssetsDefinition:
    """The raw tables of every declared source, landed together as one batch."""
    tables = load_source_tables(project.dbt_project)

    @multi_asset(
        name="land",
        specs=[_spec(table, manifest) for table in tables],
        check_specs=[_check(table) for table in tables],
        # A table that got nothing has no verdict: that of its last files stays.
        can_subset=True,
        retry_policy=PASSING,
    )
    def land_everything() -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        with observer.watching("landing"):
            result = _land(project, observer)
            for table in result.tables:
                if table.files:
                    yield MaterializeResult(asset_key=key_of(table.table), metadata=_metadata(result, table))
                    yield _verdict(table)

    return land_everything


def projected_specs(manifest: Mapping[str, Any]) -> list[AssetSpec]:
    """What the operational store brings to the warehouse by itself, whenever a sync has run."""
    sources = manifest["sources"].items()
    declared = [unique_id for unique_id, source in sources if source["source_name"] == f"{RAW_PREFIX}receipts"]
    return [_described(unique_id, manifest, {"parquet"}) for unique_id in declared]


def _spec(table: SourceTable, manifest: Mapping[str, Any]) -> AssetSpec:
    declared = next(
        unique_id
        for unique_id, source in manifest["sources"].items()
        if (source["source_name"], source["name"]) == (f"{RAW_PREFIX}{table.source}", table.name)
    )
    described = _described(declared, manifest, {"parquet", table.landing.format})
    return described.replace_attributes(skippable=True, freshness_policy=of_source(manifest, declared))


def _described(unique_id: str, manifest: Mapping[str, Any], kinds: set[str]) -> AssetSpec:
    spec = Translator().get_asset_spec(manifest, unique_id, None)
    return AssetSpec(
        key=spec.key, description=spec.description, group_name=spec.group_name, owners=spec.owners, kinds=kinds
    )


def _check(table: SourceTable) -> AssetCheckSpec:
    return AssetCheckSpec(
        CHECK, asset=key_of(table), description="Lines in = landed + rejected; a refused file is a warning."
    )


def _land(project: Project, observer: Observer) -> LandingResult:
    store = open_store(project.store_url)
    try:
        with store.lease("landing"):
            result = land(
                project,
                project.clock.now(),
                lambda table, files: observer.landing(table.qualified_name, files),
                landing_gate(project, store, observer.inspected),
            )
            cleared = clear_away(project)
    finally:
        store.close()
    observer.landed(result)
    observer.cleared(cleared)
    return result


def _metadata(result: LandingResult, table: TableLanding) -> dict[str, Any]:
    return {
        "batch": result.batch,
        "files": table.files,
        "duplicate_files": table.duplicates,
        "refused_files": table.refused,
        "lines_in": table.lines_in,
        "landed": table.landed,
        "rejected": table.rejected,
        "refusals": list(table.refusals),
    }


def _verdict(table: TableLanding) -> AssetCheckResult:
    adds_up = table.lines_in == table.landed + table.rejected
    return AssetCheckResult(
        asset_key=key_of(table.table),
        check_name=CHECK,
        passed=adds_up and not table.refused,
        severity=AssetCheckSeverity.WARN if adds_up else AssetCheckSeverity.ERROR,
        metadata={"refused_files": table.refused, "rejected_lines": table.rejected},
    )
