"""The asset graph of one project, from raw tables to syncs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dagster import (
    AssetSelection,
    Definitions,
    InitResourceContext,
    ResourceDefinition,
    in_process_executor,
    resource,
)
from dagster._utils.schedules import is_valid_cron_string

from cdp.errors import DeclarationError
from cdp.pipeline.building import Building, building
from cdp.pipeline.dbt import ensure_manifest
from cdp.project import Project
from orchestration.alerts.telling import alerting
from orchestration.defs.activation import PUBLISHED, published_asset, sync_assets
from orchestration.defs.automation import (
    ACTIVATE,
    BUILD,
    INGEST,
    after_ingest,
    hourly,
    jobs,
    on_new_files,
    when_syncs_are_due,
)
from orchestration.defs.ingest import landing_assets, projected_specs
from orchestration.defs.quality import audits
from orchestration.defs.set_aside import SET_ASIDE, days_known, set_aside_asset
from orchestration.defs.standing import standing_spec
from orchestration.defs.transform import clock_asset, model_assets
from orchestration.history import forgetting
from orchestration.observer import Observer
from reverse_etl.syncs import load_syncs


def build_definitions(project: Project, observer: Observer) -> Definitions:
    """Assets, checks, jobs and their triggers; `observer` is told what happens in this process.

    Raises CdpError where the dbt project does not parse, DeclarationError where a declaration is wrong.
    """
    _check_schedules(project)
    manifest = json.loads(ensure_manifest(project).read_text())
    raw, syncs = landing_assets(project, manifest, observer), sync_assets(project, observer)
    defined = jobs(
        raw=sorted(raw.keys),
        syncs=[key for sync in syncs for key in sync.keys],
        raw_checks=AssetSelection.checks(*raw.check_keys),
        apart=AssetSelection.assets(SET_ASIDE),
    )
    return Definitions(
        assets=[
            raw,
            set_aside_asset(project, observer),
            standing_spec([PUBLISHED, *(key for sync in syncs for key in sync.keys)]),
            *projected_specs(manifest),
            clock_asset(manifest, observer),
            model_assets(project, manifest, observer),
            published_asset(manifest, observer),
            *syncs,
        ],
        asset_checks=audits(project, manifest, observer),
        jobs=list(defined.values()),
        schedules=[hourly(defined[INGEST])],
        sensors=[
            on_new_files(project, defined[INGEST]),
            after_ingest(project, defined[INGEST], defined[BUILD]),
            when_syncs_are_due(project, defined[ACTIVATE]),
            days_known(project),
            *alerting(project, manifest),
            forgetting(project),
        ],
        executor=in_process_executor,
        resources={"building": _building_resource(project, observer)},
    )


def _check_schedules(project: Project) -> None:
    """Raise DeclarationError where a sync is declared for a moment that no calendar has."""
    for sync in load_syncs(project):
        if sync.schedule and not is_valid_cron_string(sync.schedule):
            raise DeclarationError(
                f"the schedule of the sync {sync.name}, `{sync.schedule}`, names no moment.",
                remedy='Five fields, UTC: minute, hour, day, month, weekday, as in "0 8 * * 1".',
            )


def _building_resource(project: Project, observer: Observer) -> ResourceDefinition:
    @resource(description="The right to build; what a run does not publish is thrown away at its end.")
    def hold(_: InitResourceContext) -> Iterator[Building]:
        with observer.watching("taking the right to build"), building(project) as held:
            yield held

    return hold
