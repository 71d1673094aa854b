from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from cdp.errors import BusyError, CdpError
from cdp.store.schema import holds, leases, outbox, receipts, sync_runs
from reverse_etl.declarations import Guards
from reverse_etl.engine.events import BatchSplit, Waiting
from reverse_etl.engine.words import Counts, Operation, PlanCounts, Status
from reverse_etl.holds import release
from reverse_etl.receipts import Undeclared
from reverse_etl.resolving import resolve
from reverse_etl.standing import Books, Word
from tests.doubles.engine import capabilities, total
from tests.doubles.moments import MORNING
from tests.doubles.workbench import Workbench


def in_store(bench: Workbench, table: object) -> int:
    with bench.store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def test_a_first_run_delivers_everything(bench: Workbench) -> None:
    bench.want_keys(*[f"k{number:03}" for number in range(25)])
    result = bench.run()
    assert result.status is Status.OK
    assert result.counts == Counts(planned=25, ok=25)
    assert bench.destination.calls == [(Operation.ADD, 10), (Operation.ADD, 10), (Operation.ADD, 5)]
    assert (bench.status().acknowledged, in_store(bench, outbox)) == (25, 0)


def test_a_second_equal_run_calls_nobody(bench: Workbench) -> None:
    bench.want_keys("k1", "k2")
    bench.run()
    bench.destination.calls.clear()
    result = bench.run()
    assert result.counts == Counts()
    assert result.plan == PlanCounts(unchanged=2, desired=2, acknowledged=2)
    assert bench.destination.calls == []


def test_changes_go_first_and_leavers_last(bench: Workbench) -> None:
    bench.want_keys("k1", "k2")
    bench.run()
    bench.destination.calls.clear()
    bench.want([("k2", "v2"), ("k3", "v1")])
    bench.run()
    assert [operation for operation, _ in bench.destination.calls] == [
        Operation.ADD,
        Operation.UPDATE,
        Operation.REMOVE,
    ]
    assert bench.destination.members.keys() == {"k2", "k3"}


def test_an_answer_about_rows_that_were_not_sent_is_no_answer(bench: Workbench) -> None:
    bench.want_keys("k1", "k2")
    bench.destination.script = ["beside", "ok"]
    assert bench.run().counts == Counts(planned=2, ok=2)
    assert len(bench.destination.calls) == 2


def test_rows_of_others_stay(bench: Workbench) -> None:
    bench.destination.members["theirs"] = "x"
    bench.want_keys("k1")
    bench.run()
    bench.want_keys("k2")
    bench.run()
    assert bench.destination.members.keys() == {"theirs", "k2"}


def test_a_refused_row_waits_until_it_changes(bench: Workbench) -> None:
    bench.destination.rejects = lambda key: key == "bad"
    bench.want_keys("good", "bad")
    assert bench.run().counts == Counts(planned=2, ok=1, rejected=1)
    again = bench.run()
    assert again.plan is not None and again.plan.still_rejected == 1
    bench.destination.rejects = lambda key: False
    bench.want([("good", "v1"), ("bad", "better")])
    assert bench.run().counts == Counts(planned=1, ok=1)
    assert bench.status().rejected == 0


def test_rows_without_a_usable_key_are_set_aside_and_stay_as_they_are(bench: Workbench) -> None:
    bench.want_keys("k1", "k2")
    bench.run()
    bench.want([("k1", "v1"), ("k2", "a"), ("k2", "b"), (None, "c")])
    assert bench.run().counts == Counts(planned=3, held=3)
    assert bench.destination.members.keys() == {"k1", "k2"}


@pytest.mark.parametrize("size", [1, 2, 1_000])
def test_one_poison_row_does_not_cost_the_others(bench: Workbench, size: int) -> None:
    bench.destination.capabilities = capabilities(max_rows=1_000)
    bench.destination.poison = frozenset({"k00617" if size > 617 else "k00000"})
    bench.want_keys(*[f"k{number:05}" for number in range(size)])
    assert bench.run().counts == Counts(planned=size, ok=size - 1, rejected=1)
    assert len(bench.destination.calls) - 1 <= 20
    assert sum(isinstance(event, BatchSplit) for event in bench.events) == (10 if size == 1_000 else size - 1)


def test_lost_answers_are_asked_again_without_a_second_effect(bench: Workbench) -> None:
    bench.destination.script = ["lost_after", "lost_before", "ok"]
    bench.want_keys("k1", "k2")
    assert bench.run().counts == Counts(planned=2, ok=2)
    assert bench.destination.repeated == 0


def test_a_lost_answer_is_unknown_where_the_tool_would_do_it_twice(bench: Workbench) -> None:
    bench.destination.capabilities = capabilities(idempotency="none")
    bench.destination.script = ["lost_after"]
    bench.want_keys("k1")
    assert bench.run().counts == Counts(planned=1, unknown=1)
    again = bench.run()
    assert again.plan is not None and again.plan.unresolved == 1
    assert len(bench.destination.calls) == 1


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("lost", ["add", "update", "remove"])
def test_a_person_says_what_became_of_a_lost_answer(bench: Workbench, lost: str, arrived: bool) -> None:
    bench.destination.capabilities = capabilities(idempotency="none")
    if lost != "add":
        bench.want_keys("k1")
        bench.run()
    bench.want([("k1", "v2")])
    bench.destination.script = ["lost_after" if arrived else "lost_before"]
    if lost == "remove":
        bench.want_keys("k2")
        bench.destination.script.insert(0, "ok")
    bench.run()
    calls = len(bench.destination.calls)
    known = (Books(bench.store, bench.projection, bench.seal), bench.sync, {"k1"})
    word = Word("resolve", "olga", "looked at the tool", bench.time.now())
    resolve(*known, word, arrived=arrived)
    after = bench.run()
    assert (after.status, after.counts.ok) == (Status.OK, 0 if arrived else 1)
    assert len(bench.destination.calls) == calls + (not arrived)
    assert set(bench.destination.members) == ({"k2"} if lost == "remove" else {"k1"})
    with pytest.raises(CdpError, match="no answer about this key is missing"):
        resolve(*known, word, arrived=arrived)


def test_rows_the_tool_has_not_come_to_are_sent_again_alone(bench: Workbench) -> None:
    bench.destination.script = ["busy_rows", "ok"]
    bench.want_keys("k1", "k2", "k3", "k4")
    assert bench.run().counts == Counts(planned=4, ok=4)
    assert bench.destination.calls == [(Operation.ADD, 4), (Operation.ADD, 2)]
    assert bench.destination.repeated == 0


def test_a_destination_that_is_down_keeps_everything_in_flight(bench: Workbench) -> None:
    bench.destination.script = ["fail"] * 4
    bench.want_keys(*[f"k{number:03}" for number in range(25)])
    down = bench.run()
    assert (down.status, down.exit_code) == (Status.INCOMPLETE, 1)
    assert down.counts == Counts(planned=25, in_flight=25)
    assert "gave up after 4 attempts: the destination fails" in down.reason
    assert bench.known_of("k000").in_flight_tries == 4
    assert bench.time.slept and all(seconds >= 1.0 for seconds in bench.time.slept[:3])
    assert sum(isinstance(event, Waiting) for event in bench.events) == 3
    back = bench.run()
    assert (back.status, back.counts) == (Status.OK, Counts(planned=25, ok=25))


def test_a_restart_keeps_the_moment_before_which_the_tool_wants_no_call(bench: Workbench) -> None:
    bench.want_keys("a")
    bench.destination.script = ["later"]
    assert bench.run().status is Status.INCOMPLETE
    again = bench.run()
    assert (again.status, again.counts.in_flight) == (Status.INCOMPLETE, 1)
    assert "asks to come back in 1000 s" in again.reason
    known = bench.known_of("a")
    assert (known.in_flight_tries, known.in_flight_code) == (1, "http_429")
    assert len(bench.destination.calls) == 1
    bench.time.passed += 1_000
    assert bench.run().counts.ok == 1


def test_a_refused_credential_stops_at_once(bench: Workbench) -> None:
    bench.destination.script = ["fatal"]
    bench.want_keys("k1")
    result = bench.run()
    assert (result.status, result.exit_code, len(bench.destination.calls)) == (Status.FAILED, 1, 1)
    assert result.counts == Counts(planned=1, in_flight=1)


def test_an_empty_model_is_held_until_a_person_releases_exactly_that_plan(bench: Workbench) -> None:
    bench.want_keys("k1", "k2")
    bench.run()
    bench.want([])
    for _ in range(2):
        held = bench.run()
        assert (held.status, held.exit_code, held.counts) == (Status.HELD, 4, Counts(planned=2, held=2))
        assert "cdp sync release newsletter" in held.reason
    assert in_store(bench, holds) == 1
    release(bench.store, "newsletter", "olga", "the campaign is over", MORNING)
    assert bench.run().counts == Counts(planned=2, ok=2)
    assert bench.destination.members == {}


def test_a_release_does_not_cover_another_plan(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, guards={"max_removal_share": 0.4})
    bench.want_keys("k1", "k2", "k3", "k4")
    bench.run()
    bench.want_keys("k1", "k2")
    assert "remove 2 of 4 rows (50%), more than max_removal_share (40%)" in bench.run().reason
    release(bench.store, "newsletter", "olga", "checked", MORNING)
    bench.want_keys("k1")
    assert bench.run().status is Status.HELD
    assert bench.destination.members.keys() == {"k1", "k2", "k3", "k4"}
    bench.close()


def test_a_model_that_is_too_small_is_held(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, guards={"min_rows": 3})
    bench.want_keys("k1")
    assert "fewer than min_rows (3)" in bench.run().reason
    bench.close()


def test_a_run_that_was_killed_is_closed_with_its_books_in_order(bench: Workbench) -> None:
    bench.destination.script = ["ok", "fail", "fail", "fail", "fail"]
    bench.want_keys(*[f"k{number:03}" for number in range(25)])
    bench.run()
    with bench.store.writing() as connection:
        connection.execute(update(sync_runs).values(status=Status.RUNNING, in_flight=0, ok=0))
    bench.run()
    with bench.store.reading() as connection:
        first = connection.execute(select(sync_runs).order_by(sync_runs.c.run_id)).all()[0]
    assert (first.status, first.planned, first.ok, first.in_flight) == (Status.INTERRUPTED, 25, 10, 15)


def test_a_run_that_lost_its_lease_writes_nothing_more(bench: Workbench) -> None:
    bench.want_keys("k1")
    send = bench.destination.send

    def overtaken(batch: object) -> object:
        with bench.store.writing() as connection:
            connection.execute(update(leases).where(leases.c.name.like("sync:%")).values(fencing=99))
        return send(batch)  # type: ignore[arg-type]

    bench.destination.send = overtaken  # type: ignore[method-assign, assignment]
    with pytest.raises(BusyError, match="took over"):
        bench.run()
    assert (in_store(bench, receipts), in_store(bench, outbox)) == (0, 1)


def test_a_plan_refuses_while_receipts_are_missing(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.want_keys("k1")
    bench.run()
    with bench.store.writing() as connection:
        late = {"sync": "newsletter", "destination": "esp", "run_id": 1, "operation": "add", "at": MORNING, "ok": 1}
        connection.execute(insert(receipts).values(**late, verdicts=b""))
    monkeypatch.setattr(bench.projection, "catch_up", lambda: 1)
    result = bench.run()
    assert result.status is Status.FAILED
    assert "sees the receipts of newsletter up to number 1, but 2 are there" in result.reason
    assert total(bench.destination.calls, Operation.ADD) == 1


def test_another_list_is_filled_from_the_start_once_somebody_agrees(bench: Workbench) -> None:
    bench.want_keys("a", "b")
    bench.run()
    bench.sync = bench.sync.model_copy(update={"object": "other"})
    held = bench.run()
    assert (held.status, held.counts) == (Status.HELD, Counts(planned=2, held=2))
    assert "it kept esp/newsletter by id and would now fill esp/other by id from the start" in held.reason
    release(bench.store, "newsletter", "olga", "the list has moved", MORNING)
    assert bench.run().counts == Counts(planned=2, ok=2)
    assert bench.run().counts == Counts()


@pytest.mark.parametrize(
    ("guards", "wanted", "reason"),
    [
        ({"max_growth_share": 1.0}, "abcdef", r"would add 4 rows to 2 \(200%\), more than max_growth_share \(100%\)"),
        ({"max_age_hours": 0.5}, "abc", r"what is published is \d+ hours old, more than max_age_hours \(0.5\)"),
    ],
)
def test_growth_and_age_hold_a_plan(tmp_path: Path, guards: dict[str, float], wanted: str, reason: str) -> None:
    bench = Workbench(tmp_path)
    bench.want_keys("a", "b")
    assert bench.run().status is Status.OK
    bench.sync = bench.sync.model_copy(update={"guards": Guards.model_validate(guards)})
    bench.want_keys(*wanted)
    held = bench.run()
    assert held.status is Status.HELD and re.search(reason, held.reason), held.reason
    bench.close()


def test_a_day_without_messages_is_an_ordinary_day(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, mode="send")
    bench.want_keys("m1")
    assert bench.run().counts == Counts(planned=1, ok=1)
    bench.want_keys()
    assert (bench.run().status, bench.destination.calls) == (Status.OK, [(Operation.ADD, 1)])
    bench.close()


def test_a_sync_with_another_name_takes_over_what_stands(bench: Workbench) -> None:
    bench.want_keys("a", "b")
    bench.run()
    assert bench.projection.undeclared({"newsletter"}) == []
    assert bench.projection.undeclared(set()) == [Undeclared("newsletter", "esp/newsletter by id", 2)]
    bench.sync = bench.sync.model_copy(update={"name": "letters", "formerly": ("newsletter",)})
    assert bench.run().counts == Counts()
    bench.want_keys("a")
    assert bench.run().counts == Counts(planned=1, ok=1)
    assert (bench.destination.members.keys(), bench.status().acknowledged) == ({"a"}, 1)
