"""A tool that takes a batch and answers later: across restarts nothing is sent twice or planned blindly."""

from __future__ import annotations

import pytest

from reverse_etl.engine.words import Operation, Reply, Status, Verdict
from tests.doubles.engine import JobDestination, total
from tests.doubles.workbench import Workbench


@pytest.fixture
def tool(bench: Workbench) -> JobDestination:
    bench.destination = JobDestination()
    return bench.destination


def test_a_run_asks_until_every_job_has_ended(bench: Workbench, tool: JobDestination) -> None:
    bench.want_keys(*(f"k{number}" for number in range(25)))
    result = bench.run()
    assert (result.status, result.counts.ok) == (Status.OK, 25)
    assert len(tool.members) == 25
    assert len(tool.polls) == 6  # three jobs, each asked twice


def test_a_job_that_takes_longer_than_our_patience_is_asked_for_by_the_next_run(
    bench: Workbench, tool: JobDestination
) -> None:
    tool.asks = 1_000
    bench.want_keys("a", "b")
    waiting = bench.run()
    assert (waiting.status, waiting.counts.in_flight, waiting.exit_code) == (Status.PENDING, 2, 0)
    assert bench.known_of("a").is_in_a_job
    tool.asks = 1
    bench.want_keys("a", "b", "c")
    later = bench.run()
    assert (later.status, later.counts.planned, later.counts.ok) == (Status.OK, 3, 3)
    assert total(tool.calls, Operation.ADD) == 3
    assert tool.repeated == 0


def test_nothing_is_planned_while_an_answer_is_open(bench: Workbench, tool: JobDestination) -> None:
    tool.asks = 1_000
    bench.want_keys("a")
    bench.run()
    bench.want_keys("b")
    assert bench.run().plan is None
    assert total(tool.calls, Operation.ADD) == 1


def test_who_is_removed_waits_for_who_is_added(bench: Workbench, tool: JobDestination) -> None:
    bench.want_keys("old")
    bench.run()
    tool.asks = 1_000
    bench.want_keys("new")
    bench.run()
    assert total(tool.calls, Operation.REMOVE) == 0
    tool.asks = 1
    assert bench.run().status is Status.OK
    assert set(tool.members) == {"new"}


def test_a_row_that_a_job_refuses_is_refused_alone(bench: Workbench, tool: JobDestination) -> None:
    tool.rejects = lambda key: key == "bad"
    bench.want_keys("bad", "good")
    result = bench.run()
    assert (result.counts.ok, result.counts.rejected) == (1, 1)
    assert set(tool.members) == {"good"}


def test_a_pending_answer_without_a_handle_is_no_answer(bench: Workbench, tool: JobDestination) -> None:
    tool.script = ["no_handle"]
    bench.want_keys("a")
    assert bench.run().counts.ok == 1
    assert [bool(job) for job in tool.polls] == [True, True]
    assert total(tool.calls, Operation.ADD) == 2


def test_a_connector_that_cannot_ask_says_so(bench: Workbench, tool: JobDestination) -> None:
    tool.asks = 1_000
    bench.want_keys("a")
    bench.run()
    bench.destination = type(tool).__mro__[1]()
    result = bench.run()
    assert result.status is Status.FAILED
    assert "cannot ask for the job" in result.reason


def test_a_tool_that_comes_to_a_next_step_is_asked_soon_again(
    bench: Workbench, tool: JobDestination, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [Reply(Verdict.PENDING, job=f"step-{number}") for number in range(20)]
    monkeypatch.setattr(tool, "poll", lambda batch: steps.pop(0) if steps else tool.settled(batch))
    bench.want_keys("a")
    assert bench.run().counts.ok == 1
    assert bench.time.passed == 20 * 0.5
