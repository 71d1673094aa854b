"""Dagster's history of runs, which grows with every run unless somebody forgets."""

from __future__ import annotations

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from cdp.project import Project

_ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


def forget_old_runs(instance: DagsterInstance, keep: int) -> int:
    """Forget the runs that have ended but the newest `keep`, with their events; how many went.

    What is known of an asset's last materialization and of its checks stays.
    """
    ended = RunsFilter(statuses=_ENDED)
    newest = instance.get_run_ids(ended, limit=keep)
    if len(newest) < keep:
        return 0
    old = instance.get_run_ids(ended, cursor=newest[-1])
    for run_id in old:
        instance.delete_run(run_id)
    return len(old)


def forgetting(project: Project) -> SensorDefinition:
    @sensor(name="forget_old_runs", minimum_interval_seconds=600, default_status=DefaultSensorStatus.RUNNING)
    def forget(context: SensorEvaluationContext) -> SkipReason:
        """Forgets all but the newest runs: as many stay as `retention` in cdp.yml says."""
        return SkipReason(f"{forget_old_runs(context.instance, project.settings.retention.runs):,} old runs forgotten.")

    return forget
