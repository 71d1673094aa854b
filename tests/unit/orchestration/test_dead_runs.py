"""A run whose process is gone is failed, so that the next does not wait for it; history stays within its limit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op
from dagster._core.events import EngineEventData
from dagster._core.test_utils import create_run_for_test

from orchestration.history import forget_old_runs
from orchestration.launcher import bury_dead_runs, lives

pytestmark = pytest.mark.filterwarnings("ignore")


@op
def nothing() -> None: ...


@job
def work() -> None:
    nothing()


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def _begun(instance: DagsterInstance, pid: int) -> str:
    run = create_run_for_test(instance, status=DagsterRunStatus.STARTED)
    instance.report_engine_event("at work", run, EngineEventData.in_process(pid))
    return run.run_id


def test_a_process_that_ended_and_nobody_looked_at_does_not_live() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not lives(child.pid)
    child.wait()


def test_a_dead_run_is_buried_and_a_living_one_is_not(instance: DagsterInstance, gone: int) -> None:
    dead, living = _begun(instance, gone), _begun(instance, os.getpid())
    assert bury_dead_runs(instance) == 1
    found = {run.run_id: run.status for run in instance.get_runs()}
    assert found == {dead: DagsterRunStatus.FAILURE, living: DagsterRunStatus.STARTED}
    assert bury_dead_runs(instance) == 0


def test_old_runs_are_forgotten_and_one_at_work_is_not(instance: DagsterInstance) -> None:
    at_work = _begun(instance, os.getpid())
    ended = [work.execute_in_process(instance=instance).run_id for _ in range(5)]
    assert forget_old_runs(instance, keep=2) == 3
    assert {run.run_id for run in instance.get_runs()} == {at_work, *ended[-2:]}
    assert forget_old_runs(instance, keep=2) == 0
