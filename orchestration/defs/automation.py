"""When jobs start: on the hour, when files arrive, and after an ingest."""

from collections.abc import Sequence

from dagster import (
    AssetKey,
    AssetSelection,
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    RunStatusSensorContext,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    define_asset_job,
    in_process_executor,
    run_status_sensor,
    sensor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from cdp.pipeline.due import build_is_due, unseen_files
from cdp.project import Project

INGEST, BUILD, ACTIVATE = "ingest", "build_and_activate", "activate"
STARTED_BY = "cdp/started_by"


def jobs(
    raw: Sequence[AssetKey], syncs: Sequence[AssetKey], raw_checks: AssetSelection
) -> dict[str, UnresolvedAssetJobDefinition]:
    """The three jobs. A build holds its lease from its first step to its last, so its steps share one process."""
    landing = AssetSelection.assets(*raw).without_checks() | raw_checks
    sending = AssetSelection.assets(*syncs)
    selections = {INGEST: landing, BUILD: AssetSelection.all() - landing, ACTIVATE: sending}
    descriptions = {
        INGEST: "Land what is new in every source.",
        BUILD: "Build every model in a new generation, audit it, publish it, and make every tool hold its audience.",
        ACTIVATE: "Finish what an earlier run left undelivered, and send what has changed since.",
    }
    return {
        name: define_asset_job(name, selection, description=descriptions[name], executor_def=in_process_executor)
        for name, selection in selections.items()
    }


def next_job(project: Project) -> str:
    """What follows an ingest."""
    return BUILD if build_is_due(project) else ACTIVATE


def hourly(ingest: UnresolvedAssetJobDefinition) -> ScheduleDefinition:
    return ScheduleDefinition(
        name="every_hour",
        job=ingest,
        cron_schedule="0 * * * *",
        description="Look at every source once an hour, SQL sources included.",
        default_status=DefaultScheduleStatus.RUNNING,
    )


def on_new_files(project: Project, ingest: UnresolvedAssetJobDefinition) -> SensorDefinition:
    @sensor(name="new_files", job=ingest, minimum_interval_seconds=30, default_status=DefaultSensorStatus.RUNNING)
    def new_files(_: SensorEvaluationContext) -> RunRequest | SkipReason:
        """Starts an ingest when the inbox holds files that no batch has looked at."""
        waiting = unseen_files(project)
        return RunRequest(run_key=waiting) if waiting else SkipReason("No new file.")

    return new_files


def after_ingest(project: Project, started: Sequence[UnresolvedAssetJobDefinition]) -> SensorDefinition:
    ingest, *followers = started

    @run_status_sensor(
        name="after_ingest",
        run_status=DagsterRunStatus.SUCCESS,
        monitored_jobs=[ingest],
        request_jobs=followers,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def followed(context: RunStatusSensorContext) -> RunRequest | SkipReason:
        """Starts a build where one is due, else the syncs."""
        if STARTED_BY in context.dagster_run.tags:
            return SkipReason("A command started it, and goes on by itself.")
        return RunRequest(run_key=context.dagster_run.run_id, job_name=next_job(project))

    return followed
