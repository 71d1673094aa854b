"""What every destination owes the engine, whichever it is."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

from reverse_etl.destinations import http
from reverse_etl.engine.ports import Destination, ReadsBack, WorksInJobs
from reverse_etl.engine.words import KEY, REMOTE_ID, ROW_HASH, Batch, Operation, Reply, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import Case, Fields
from tests.contracts.cases import DESTINATIONS
from tests.contracts.tools import Tool
from tests.doubles.served import served_sandbox

_ASKED_AT_MOST = 20


@dataclass
class Scene:
    """A connector before its tool. `known` is what the ledger would remember of remote ids."""

    case: Case
    tool: Tool
    destination: Destination
    known: dict[str, str]

    def batch(
        self, rows: Sequence[tuple[str, Fields]], operation: Operation = Operation.ADD, name: str = "b1"
    ) -> Batch:
        table = [{KEY: key, ROW_HASH: "h", REMOTE_ID: self.known.get(key), **fields} for key, fields in rows]
        return Batch(0, operation, name, pa.RecordBatch.from_pylist(table))

    def good(self, count: int) -> list[tuple[str, Fields]]:
        """So many good rows, or as many as the tool takes at once."""
        return self.rows(min(count, self.case.connector.capabilities.max_rows))

    def rows(self, count: int) -> list[tuple[str, Fields]]:
        return [(self.case.key(number), self.case.fields(number)) for number in range(count)]

    def said_of(self, batch: Batch) -> Reply:
        """What the tool says of a batch in the end, however often it wants to be asked."""
        reply = self.destination.send(batch)
        for _ in range(_ASKED_AT_MOST):
            if reply.verdict is not Verdict.PENDING:
                break
            assert isinstance(self.destination, WorksInJobs)
            batch = replace(batch, job=reply.job or batch.job)
            reply = self.destination.poll(batch)
        for key, verdict in zip(batch.keys, reply.per_row(len(batch)), strict=True):
            if verdict.verdict is Verdict.OK and verdict.remote_id:
                self.known[key] = verdict.remote_id
        return reply


@pytest.fixture(params=DESTINATIONS, ids=lambda case: case.name)
def scene(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    case: Case = request.param
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(0.5))
    with case.serve(tmp_path) as tool:
        destination = case.connector.build(case.account(tool.url), case.target)
        yield Scene(case, tool, destination, {})
        destination.close()


@pytest.fixture
def mirror(scene: Scene) -> Scene:
    if not scene.case.can("mirror"):
        pytest.skip("holds no list")
    return scene


@pytest.fixture
def patient(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The same, with time for a stand-in to read all that a vendor takes at once."""
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(30.0))
    destination = scene.case.connector.build(scene.case.account(scene.tool.url), scene.case.target)
    yield replace(scene, destination=destination)
    destination.close()


def test_it_is_built_in_every_mode_that_it_declares(scene: Scene) -> None:
    for mode in scene.case.connector.capabilities.modes:
        built = scene.case.connector.build(scene.case.account(scene.tool.url), scene.case.in_mode(mode).target)
        assert built.capabilities.max_rows >= 1
        built.close()


def test_rows_arrive(scene: Scene) -> None:
    assert scene.said_of(scene.batch(scene.good(3))).verdict is Verdict.OK
    assert scene.tool.members() == {key for key, _ in scene.good(3)}


def test_rows_leave(mirror: Scene) -> None:
    assert mirror.said_of(mirror.batch(mirror.good(3))).verdict is Verdict.OK
    gone = mirror.batch(mirror.good(2), Operation.REMOVE, "b2")
    assert mirror.said_of(gone).verdict is Verdict.OK
    assert mirror.tool.members() == {mirror.case.key(2)}


def test_a_changed_row_stays_one_row(mirror: Scene) -> None:
    assert mirror.said_of(mirror.batch(mirror.good(2))).verdict is Verdict.OK
    changed = [(mirror.case.key(0), mirror.case.fields(7))]
    assert mirror.said_of(mirror.batch(changed, Operation.UPDATE, "b2")).verdict is Verdict.OK
    assert mirror.tool.members() == {mirror.case.key(0), mirror.case.key(1)}


def test_removing_what_is_not_there_is_fine(mirror: Scene) -> None:
    reply = mirror.said_of(mirror.batch(mirror.good(1), Operation.REMOVE))
    assert {row.verdict for row in reply.per_row(1)} == {Verdict.OK}


def test_what_others_put_there_stays(mirror: Scene) -> None:
    theirs = mirror.tool.stranger()
    mirror.said_of(mirror.batch(mirror.good(2)))
    mirror.said_of(mirror.batch(mirror.good(2), Operation.REMOVE, "b2"))
    assert mirror.tool.members() == {theirs}


def test_it_says_what_it_holds(scene: Scene) -> None:
    if not scene.case.connector.capabilities.reads_back:
        assert not isinstance(scene.destination, ReadsBack)
        pytest.skip("cannot be asked what it holds")
    assert isinstance(scene.destination, ReadsBack)
    keys = [scene.case.key(number) for number in range(4)]
    assert scene.destination.found(keys) == 0
    assert scene.said_of(scene.batch(scene.good(3))).verdict is Verdict.OK
    assert scene.destination.found(keys) == 3
    assert scene.said_of(scene.batch(scene.good(1), Operation.REMOVE, "b2")).verdict is Verdict.OK
    assert scene.destination.found(keys) == 2


def test_a_bad_row_is_named_and_the_others_arrive(scene: Scene) -> None:
    if scene.case.bad is None:
        pytest.skip("the tool does not say which row it refuses")
    rows = scene.good(4)
    rows.insert(2, scene.case.bad)
    reply = scene.said_of(scene.batch(rows))
    verdicts = [row.verdict for row in reply.per_row(5)]
    assert verdicts == [Verdict.OK, Verdict.OK, Verdict.REJECTED, Verdict.OK, Verdict.OK]
    assert reply.rows[2].code and reply.rows[2].reason
    assert scene.tool.members() == {key for key, _ in scene.good(4)}


def test_the_declared_limit_is_the_real_one(patient: Scene) -> None:
    limit = patient.case.connector.capabilities.max_rows
    assert patient.said_of(patient.batch(patient.rows(limit))).verdict is Verdict.OK
    if patient.case.refuses_too_many:
        reply = patient.said_of(patient.batch(patient.rows(limit + 1), name="b2"))
        assert (reply.verdict, reply.rows) == (Verdict.REJECTED, {})


def test_a_wrong_credential_is_fatal(scene: Scene) -> None:
    if scene.case.wrong_secret is None:
        pytest.skip("lets anybody in who is on this machine")
    wrong = scene.case.account(scene.tool.url, scene.case.wrong_secret)
    stranger = scene.case.connector.build(wrong, scene.case.target)
    reply = stranger.send(scene.batch(scene.good(1)))
    stranger.close()
    assert reply.verdict is Verdict.FATAL
    assert scene.tool.members() == set()


def test_nobody_there_is_worth_another_try(scene: Scene) -> None:
    nowhere = f"{scene.tool.url.split('://')[0]}://127.0.0.1:9"
    destination = scene.case.connector.build(scene.case.account(nowhere), scene.case.target)
    reply = destination.send(scene.batch(scene.good(1)))
    destination.close()
    assert (reply.verdict, reply.code, reply.is_lost) == (Verdict.RETRY, "unreachable", False)


@pytest.mark.parametrize(
    ("fault", "is_lost", "arrived"),
    [
        (Fault.LOSE_BEFORE, True, False),
        (Fault.LOSE_AFTER, True, True),
        (Fault.HALF_ANSWER, True, True),
        (Fault.HANG, True, False),
        (Fault.FAIL, False, False),
        (Fault.BUSY, False, False),
    ],
)
def test_a_fault_is_retried_without_a_second_effect(scene: Scene, fault: Fault, is_lost: bool, arrived: bool) -> None:
    if fault not in scene.case.faults:
        pytest.skip("its network has no such fault")
    capabilities = scene.case.connector.capabilities
    scene.tool.faults.script, scene.tool.faults.hang_seconds = [fault], 1.0
    batch = scene.batch(scene.good(2))
    reply = scene.destination.send(batch)
    assert (reply.verdict, reply.is_lost) == (Verdict.RETRY, is_lost)
    if not isinstance(scene.destination, WorksInJobs):
        assert bool(scene.tool.members()) == arrived
    if fault is Fault.BUSY:
        assert reply.retry_after == 0
    if is_lost and not capabilities.is_idempotent:
        return
    assert scene.said_of(batch).verdict is Verdict.OK
    assert scene.tool.members() == set(batch.keys)
    if capabilities.idempotency == "key":
        assert scene.tool.repeated() == 0


def test_nobody_reads_a_person_or_a_secret(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = [repr(scene.destination), repr(scene.case.account(scene.tool.url))]
    rows = scene.good(2) if scene.case.bad is None else [*scene.good(2), scene.case.bad]
    for fault in (Fault.NONE, Fault.FAIL, Fault.LOSE_AFTER):
        scene.tool.faults.script = [fault]
        told.append(repr(scene.destination.send(scene.batch(rows, name=f"b-{fault}"))))
    logging.getLogger("test").info("positive control: canary")
    text = "\n".join([*told, caplog.text])
    assert "canary" in text
    if scene.tool.url.startswith("http"):
        assert "127.0.0.1" in caplog.text, "the HTTP library's own log must be among what is searched"
    for secret in [scene.case.secret, *scene.case.personal]:
        assert secret not in text


def test_too_many_requests_say_when_to_come_back(tmp_path: Path) -> None:
    case = DESTINATIONS[0]
    with served_sandbox(tmp_path, requests_per_second=2) as sandbox:
        destination = case.connector.build(case.account(f"{sandbox.url}/esp"), case.target)
        scene = Scene(case, None, destination, {})  # type: ignore[arg-type]
        replies = [destination.send(scene.batch(scene.good(1), name=f"b{number}")) for number in range(6)]
        destination.close()
    busy = [reply for reply in replies if reply.verdict is Verdict.RETRY]
    assert busy and all(reply.code == "http_429" and reply.retry_after == 1 for reply in busy)
