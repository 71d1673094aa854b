"""When jobs start: on the hour, when files arrive, after an ingest, and when a sync has something to do (ADR 26)."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dagster import (
    AssetKey,
    AssetMaterialization,
    AssetSelection,
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    RunStatusSensorContext,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    define_asset_job,
    in_process_executor,
    run_status_sensor,
    sensor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from cdp.pipeline.due import build_is_due, unseen_files
from cdp.project import Project
from orchestration.defs.activation import sync_key
from orchestration.due_syncs import HOUR, Due, Moved, due_syncs, has_changed

INGEST, BUILD, ACTIVATE = "ingest", "build", "activate"
STARTED_BY, BECAUSE = "cdp/started_by", "cdp/because"
_AT_WORK = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
# A run whose process was lost begins anew: its steps share a lease, which went with the process.
_WHOLE = {"dagster/retry_strategy": "ALL_STEPS"}


def jobs(
    raw: Sequence[AssetKey], syncs: Sequence[AssetKey], raw_checks: AssetSelection, apart: AssetSelection
) -> dict[str, UnresolvedAssetJobDefinition]:
    """The three jobs. A build holds its lease from its first step to its last, so its steps share one process.

    `apart` are the assets that none of them makes.
    """
    landing = AssetSelection.assets(*raw).without_checks() | raw_checks
    sending = AssetSelection.assets(*syncs)
    selections = {INGEST: landing, BUILD: AssetSelection.all() - landing - sending - apart, ACTIVATE: sending}
    descriptions = {
        INGEST: "Land what is new in every source.",
        BUILD: "Build every model in a new generation, audit it, and publish it where nothing blocks it.",
        ACTIVATE: "Make tools hold their audiences: finish what an earlier run left, and send what has changed.",
    }
    return {
        name: define_asset_job(
            name, selection, description=descriptions[name], executor_def=in_process_executor, tags=_WHOLE
        )
        for name, selection in selections.items()
    }


def hourly(ingest: UnresolvedAssetJobDefinition) -> ScheduleDefinition:
    return ScheduleDefinition(
        name="every_hour",
        job=ingest,
        cron_schedule="0 * * * *",
        description="Look at every source once an hour, SQL sources included.",
        default_status=DefaultScheduleStatus.RUNNING,
    )


def on_new_files(project: Project, ingest: UnresolvedAssetJobDefinition) -> SensorDefinition:
    @sensor(name="new_files", job=ingest, minimum_interval_seconds=15, default_status=DefaultSensorStatus.RUNNING)
    def new_files(_: SensorEvaluationContext) -> RunRequest | SkipReason:
        """Starts an ingest when the inbox holds files that no batch has looked at."""
        waiting = unseen_files(project)
        return RunRequest(run_key=waiting) if waiting else SkipReason("No new file.")

    return new_files


def after_ingest(
    project: Project, ingest: UnresolvedAssetJobDefinition, build: UnresolvedAssetJobDefinition
) -> SensorDefinition:
    @run_status_sensor(
        name="after_ingest",
        run_status=DagsterRunStatus.SUCCESS,
        monitored_jobs=[ingest],
        request_job=build,
        minimum_interval_seconds=5,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def followed(context: RunStatusSensorContext) -> RunRequest | SkipReason:
        """Starts a build where one is due: data, time or models have moved on since the last."""
        if STARTED_BY in context.dagster_run.tags:
            return SkipReason("A command started it, and goes on by itself.")
        if not build_is_due(project):
            return SkipReason("What is published is what a build would make.")
        return RunRequest(run_key=context.dagster_run.run_id)

    return followed


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a sync was last looked at for, and when (epoch seconds)."""

    mark: str = ""
    at: float = 0.0

    def lets(self, found: Due | Moved, now: float) -> bool:
        """Whether to go on with what was found: it is new, or an hour has gone and what was started came to nothing."""
        waited = now - self.at
        return waited >= found.patience if found.mark != self.mark else waited >= HOUR and not found.once


def when_syncs_are_due(project: Project, activate: UnresolvedAssetJobDefinition) -> SensorDefinition:
    @sensor(name="due_syncs", job=activate, minimum_interval_seconds=15, default_status=DefaultSensorStatus.RUNNING)
    def syncs_are_due(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        """Starts the syncs whose audience has changed, whose time has come, or which have something to finish."""
        if context.instance.get_runs_count(RunsFilter(statuses=_AT_WORK)):
            return SkipReason("A run is at work.")
        marks, now = _read(context.cursor), time.time()
        found = [each for each in due_syncs(project) if marks.get(each.sync, _Mark()).lets(each, now)]
        due = [each for each in found if isinstance(each, Due)]
        moved = [each for each in found if isinstance(each, Moved)]
        changed = [each for each in moved if has_changed(project, each.sync)]
        looked_at: list[Due | Moved] = [*due, *moved]
        marks |= {each.sync: _Mark(each.mark, now) for each in looked_at}
        because = {each.sync: each.because for each in due} | {
            each.sync: "its audience has changed" for each in changed
        }
        return SensorResult(
            run_requests=[_request(because)] if because else [],
            skip_reason=None if because else "No audience has changed, and nothing is left to finish.",
            asset_events=[_unchanged(each) for each in moved if each not in changed],
            cursor=json.dumps({sync: [mark.mark, mark.at] for sync, mark in marks.items()}),
        )

    return syncs_are_due


def _request(because: dict[str, str]) -> RunRequest:
    told = "; ".join(f"{sync}: {why}" for sync, why in because.items())
    return RunRequest(asset_selection=[sync_key(sync) for sync in because], tags={BECAUSE: told})


def _unchanged(moved: Moved) -> AssetMaterialization:
    """A tool that holds what is published is up to date, though nothing was sent."""
    return AssetMaterialization(
        sync_key(moved.sync), metadata={"generation": moved.generation, "planned": 0, "told": "nothing has changed"}
    )


def _read(cursor: str | None) -> dict[str, _Mark]:
    kept: dict[str, Any] = json.loads(cursor) if cursor else {}
    return {sync: _Mark(*mark) for sync, mark in kept.items()}
