"""The asset graph of one project, from raw tables to syncs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dagster import AssetSelection, Definitions, InitResourceContext, ResourceDefinition, resource

from cdp.pipeline.building import Building, building
from cdp.pipeline.dbt import ensure_manifest
from cdp.project import Project
from orchestration.defs.activation import published_asset, sync_assets
from orchestration.defs.automation import ACTIVATE, BUILD, INGEST, after_ingest, hourly, jobs, on_new_files
from orchestration.defs.ingest import landing_assets, projected_specs
from orchestration.defs.quality import audits
from orchestration.defs.transform import clock_asset, model_assets
from orchestration.observer import Observer


def build_definitions(project: Project, observer: Observer) -> Definitions:
    """Assets, checks, jobs and their triggers; `observer` is told what happens in this process.

    Raises CdpError where the dbt project does not parse, DeclarationError where a declaration is wrong.
    """
    manifest = json.loads(ensure_manifest(project).read_text())
    raw, syncs = landing_assets(project, manifest, observer), sync_assets(project, observer)
    defined = jobs(
        raw=sorted(raw.keys),
        syncs=[key for sync in syncs for key in sync.keys],
        raw_checks=AssetSelection.checks(*raw.check_keys),
    )
    return Definitions(
        assets=[
            raw,
            *projected_specs(manifest),
            clock_asset(manifest, observer),
            model_assets(project, manifest, observer),
            published_asset(manifest, observer),
            *syncs,
        ],
        asset_checks=audits(observer),
        jobs=list(defined.values()),
        schedules=[hourly(defined[INGEST])],
        sensors=[
            on_new_files(project, defined[INGEST]),
            after_ingest(project, [defined[INGEST], defined[BUILD], defined[ACTIVATE]]),
        ],
        resources={"building": _building_resource(project, observer)},
    )


def _building_resource(project: Project, observer: Observer) -> ResourceDefinition:
    @resource(description="The right to build; what a run does not publish is thrown away at its end.")
    def hold(_: InitResourceContext) -> Iterator[Building]:
        with observer.watching("taking the right to build"), building(project) as held:
            yield held

    return hold
