"""Runs whose process is gone: Dagster's own launcher would believe for ever that they go on."""

from __future__ import annotations

import os
from pathlib import Path

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

_GONE = "its process ended before it did"


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's launcher on this machine, which can tell whether the process of a run lives."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        is_alive = lives(worker_of(self._instance, run))
        return CheckRunHealthResult(
            WorkerStatus.RUNNING if is_alive else WorkerStatus.FAILED, None if is_alive else _GONE
        )


def worker_of(instance: DagsterInstance, run: DagsterRun) -> int | None:
    """The process that carries a run out; None where none has said so yet."""
    for entry in reversed(instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT)):
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None:
            return int(str(pid.value))
    return None


def lives(pid: int | None) -> bool:
    """Whether a process is there and has not ended; one that is not known yet has the benefit of the doubt."""
    if pid is None:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    status = Path(f"/proc/{pid}/stat")
    # A process that has ended stays in the table until its parent has looked.
    return not status.is_file() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def bury_dead_runs(instance: DagsterInstance) -> int:
    """Fail every run whose process is gone, lest the next waits for it; how many those were."""
    begun = RunsFilter(statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])
    dead = [run for run in instance.get_runs(begun) if not lives(worker_of(instance, run))]
    for run in dead:
        instance.report_run_failed(run, f"The run did not end: {_GONE}. The next one repairs what it left.")
    return len(dead)
