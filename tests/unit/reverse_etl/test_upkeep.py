"""What people decide about refused rows and about lists, and when a run must not pass for a good one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from cdp.errors import CdpError
from cdp.store.schema import audit_log
from reverse_etl.engine.words import Batch, Counts, Operation, Reply, Status
from reverse_etl.feedback.inbox import Inbox
from reverse_etl.feedback.words import Event, Kind
from reverse_etl.refusals import refusals, try_again
from reverse_etl.reported import resolve_reported
from reverse_etl.runs import forget, reconcile_syncs, remove_from_tool, run_syncs
from reverse_etl.standing import Books, Word
from reverse_etl.syncs import load_sync
from tests.doubles.company import Company
from tests.doubles.engine import JobDestination, capabilities
from tests.doubles.moments import MORNING
from tests.doubles.served import KEYS, served_sandbox
from tests.doubles.workbench import Workbench

NEWS = "sync_esp__newsletter"
WORD = Word("retry", "olga", "the template is repaired", MORNING)


def books(bench: Workbench) -> Books:
    return Books(bench.store, bench.projection, bench.seal)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(f"CDP_TEST_{name.upper()}_KEY", key)


def person(number: int) -> tuple[object, ...]:
    return (f"anna{number}@example.com", number, "Anna", "K", "Kazan", None)


def test_refused_rows_go_again_as_they_are_once_somebody_says_so(bench: Workbench) -> None:
    bench.want([("a", "v1"), ("b", "v1"), ("c", "v1")])
    bench.run()
    bench.want([("a", "v2"), ("b", "v1"), ("d", "v1")])
    bench.destination.rejects = lambda key: key in {"a", "c", "d"}
    assert bench.run().counts.rejected == 3
    (found,) = refusals(bench.projection, bench.sync)
    assert (found.code, found.rows) == ("invalid", 3)
    bench.destination.rejects = lambda _: False
    assert bench.run().counts.planned == 0
    assert try_again(books(bench), bench.sync, "invalid", WORD) == 3
    again = bench.run()
    assert again.plan is not None
    assert (again.plan.add, again.plan.update, again.plan.remove) == (1, 1, 1)
    assert set(bench.destination.members) == {"a", "b", "d"}
    assert refusals(bench.projection, bench.sync) == []
    with bench.store.reading() as connection:
        (entry,) = connection.execute(select(audit_log)).all()
    assert (entry.action, entry.actor, entry.subject) == ("retry", "olga", "sync:newsletter")
    with pytest.raises(CdpError, match="no row of newsletter is refused with the code `invalid`"):
        try_again(books(bench), bench.sync, "invalid", WORD)


def test_a_row_that_is_put_off_again_and_again_is_refused_in_the_end(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, guards={"max_tries": 6})
    bench.destination.script = ["busy_rows"] * 100
    bench.want_keys("a")
    assert bench.run(attempts=4).status is Status.INCOMPLETE
    ended = bench.run(attempts=4)
    assert (ended.status, ended.counts) == (Status.OK, Counts(planned=1, rejected=1))
    (found,) = refusals(bench.projection, bench.sync)
    assert found.code == "put_off"
    bench.close()


def test_a_destination_that_is_down_refuses_nobody(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, guards={"max_tries": 1})
    bench.destination.script = ["fail"] * 8
    bench.want_keys("a")
    assert bench.run(attempts=4).counts.in_flight == 1
    assert bench.run(attempts=5).counts == Counts(planned=1, ok=1)
    bench.close()


@pytest.mark.parametrize(("rows", "share", "is_good"), [(40, 0.2, False), (40, 0.5, True), (12, 0.2, True)])
def test_a_run_that_refuses_too_many_is_no_good_one(tmp_path: Path, rows: int, share: float, is_good: bool) -> None:
    bench = Workbench(tmp_path, guards={"max_reject_share": share})
    bench.destination.rejects = lambda key: int(key[1:]) % 2 == 0
    bench.want_keys(*(f"k{number}" for number in range(rows)))
    result = bench.run()
    assert (result.status is Status.OK, result.exit_code == 0, result.has_doubts) == (is_good, is_good, not is_good)
    assert ("more than max_reject_share (20%)" in result.reason) == (not is_good)
    assert bench.run().status is Status.OK, "what was refused is not sent again"
    bench.close()


def test_what_waits_under_an_earlier_name_is_sent(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    bench.destination.script = ["fail"] * 4
    bench.want_keys("a")
    assert bench.run().status is Status.INCOMPLETE
    bench.sync = bench.sync.model_copy(update={"name": "news", "formerly": ("newsletter",)})
    bench.destination.script = []
    assert bench.run().counts == Counts(planned=1, ok=1)
    assert bench.destination.calls.count((Operation.ADD, 1)) == 5
    bench.close()


def test_only_the_present_list_counts(bench: Workbench) -> None:
    bench.want_keys("a", "b")
    bench.run()
    assert bench.status().acknowledged == 2
    bench.sync = bench.sync.model_copy(update={"object": "another"})
    assert bench.status().acknowledged == 0
    assert bench.known_of("a").acknowledged is None


class Waits(JobDestination):
    """Wants to be left alone for half a minute after each question."""

    def poll(self, batch: Batch) -> Reply:
        reply = super().poll(batch)
        return replace(reply, retry_after=30.0) if not reply.verdict.is_final else reply


def test_a_job_is_not_asked_for_before_the_tool_wants_it(bench: Workbench) -> None:
    tool = bench.destination = Waits(asks=4)
    bench.want_keys("a")
    assert bench.run().status is Status.OK
    assert len(tool.polls) == 4
    assert sorted(bench.time.slept)[-3:] == [30.0, 30.0, 30.0]


def test_tools_say_whether_they_hold_what_they_acknowledged(tmp_path: Path) -> None:
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        company.publish(NEWS, [person(number) for number in range(30)])
        run_syncs(company.project, ["esp_newsletter"])
        (found,) = reconcile_syncs(company.project, ["esp_newsletter"])
        assert (found.expected, found.found, found.agrees) == (30, 30, True)
        sandbox.state.apply(("esp", "newsletter"), "remove", [("anna7@example.com", "{}")])
        (found,) = reconcile_syncs(company.project, ["esp_newsletter"])
        assert (found.expected, found.found, found.agrees) == (30, 29, False)


def test_a_list_can_be_emptied_of_what_is_ours(tmp_path: Path) -> None:
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        company.publish(NEWS, [person(number) for number in range(30)])
        run_syncs(company.project, ["esp_newsletter"])
        sandbox.state.apply(("esp", "newsletter"), "put", [("theirs@example.com", "{}")])
        result = remove_from_tool(company.project, load_sync(company.project, "esp_newsletter"), WORD)
        assert (result.status, result.counts) == (Status.OK, Counts(planned=30, ok=30))
        assert set(sandbox.state.members("esp", "newsletter")) == {"theirs@example.com"}


def test_a_list_that_is_gone_is_filled_from_the_start(tmp_path: Path) -> None:
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        company.publish(NEWS, [person(number) for number in range(3)])
        run_syncs(company.project, ["esp_newsletter"])
        sandbox.state.apply(("esp", "newsletter"), "remove", [(person(n)[0], "{}") for n in range(3)])  # type: ignore[misc]
        forget(company.project, load_sync(company.project, "esp_newsletter"), WORD)
        (result,) = run_syncs(company.project, ["esp_newsletter"])
        assert result.counts == Counts(planned=3, ok=3)


def test_messages_are_neither_taken_back_nor_forgotten(tmp_path: Path) -> None:
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        sent = load_sync(company.project, "esp_newsletter").model_copy(update={"mode": "send"})
        for decide in (forget, remove_from_tool):
            with pytest.raises(CdpError, match="cannot be taken back"):
                decide(company.project, sent, WORD)


def report(bench: Workbench, *keys: str) -> None:
    events = [Event(f"e-{key}", Kind.DELIVERED, "sms", message_key=key) for key in keys]
    Inbox(bench.store).keep("esp", events, MORNING)


def test_what_a_tool_reports_resolves_a_lost_answer(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, mode="send")
    bench.destination.capabilities = capabilities(idempotency="none", max_rows=1)
    bench.destination.script = ["lost_after", "lost_before", "ok"]
    bench.want_keys("a", "b", "c")
    assert bench.run().counts == Counts(planned=3, ok=1, unknown=2)
    assert resolve_reported(books(bench), bench.sync, MORNING) == 0
    report(bench, "a", "c")
    assert resolve_reported(books(bench), bench.sync, MORNING) == 1
    again = bench.run()
    assert again.plan is not None and (again.plan.unresolved, again.plan.unchanged, again.plan.add) == (1, 2, 0)
    assert resolve_reported(books(bench), bench.sync, MORNING) == 0
    bench.close()


def test_a_report_on_a_key_of_two_syncs_tells_nothing(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, mode="send")
    bench.destination.capabilities = capabilities(idempotency="none", max_rows=1)
    bench.want_keys("a")
    bench.run()
    bench.sync = bench.sync.model_copy(update={"name": "another"})
    bench.destination.script = ["lost_before"]
    assert bench.run().counts == Counts(planned=1, unknown=1)
    report(bench, "a")
    assert resolve_reported(books(bench), bench.sync, MORNING) == 0
    bench.close()
