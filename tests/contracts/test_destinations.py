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
from reverse_etl.destinations.connector import Account, Connector, Secret, Target
from reverse_etl.destinations.sandbox_ads import CONNECTOR as ADS
from reverse_etl.destinations.sandbox_esp import CONNECTOR as ESP
from reverse_etl.destinations.sandbox_sms import CONNECTOR as SMS
from reverse_etl.engine.ports import Destination
from reverse_etl.engine.words import KEY, ROW_HASH, Batch, Operation, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.cases import DESTINATIONS, Case, Fields
from tests.doubles.served import ServedSandbox, served_sandbox

CONNECTORS: dict[str, Connector] = {"esp": ESP, "sms": SMS, "ads": ADS}


@dataclass
class Scene:
    case: Case
    connector: Connector
    sandbox: ServedSandbox
    destination: Destination

    def batch(
        self, rows: Sequence[tuple[str, Fields]], operation: Operation = Operation.ADD, name: str = "b1"
    ) -> Batch:
        table = [{KEY: key, ROW_HASH: "h", **fields} for key, fields in rows]
        return Batch(0, operation, name, pa.RecordBatch.from_pylist(table))

    def good(self, count: int) -> list[tuple[str, Fields]]:
        return [(self.case.key(number), self.case.fields(number)) for number in range(count)]

    def members(self) -> set[str]:
        return set(self.sandbox.state.members(self.case.name, self.case.list_name))


@pytest.fixture(params=DESTINATIONS, ids=lambda case: case.name)
def scene(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    case: Case = request.param
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(0.5))
    with served_sandbox(tmp_path) as sandbox:
        connector = CONNECTORS[case.name]
        destination = connector.build(account(case, sandbox), Target(case.list_name))
        yield Scene(case, connector, sandbox, destination)
        destination.close()


def account(case: Case, sandbox: ServedSandbox) -> Account:
    return Account(case.name, f"{sandbox.url}/{case.name}", Secret(case.secret), {})


def test_rows_arrive_and_leave(scene: Scene) -> None:
    assert scene.destination.send(scene.batch(scene.good(3))).verdict is Verdict.OK
    assert scene.members() == {key for key, _ in scene.good(3)}
    gone = scene.batch(scene.good(2), Operation.REMOVE, "b2")
    assert scene.destination.send(gone).verdict is Verdict.OK
    assert scene.members() == {scene.case.key(2)}


def test_removing_what_is_not_there_is_fine(scene: Scene) -> None:
    reply = scene.destination.send(scene.batch(scene.good(1), Operation.REMOVE))
    assert (reply.verdict, reply.rows) == (Verdict.OK, {})


def test_what_others_put_there_stays(scene: Scene) -> None:
    scene.sandbox.state.apply((scene.case.name, scene.case.list_name), "put", [("theirs", "{}")])
    scene.destination.send(scene.batch(scene.good(2)))
    scene.destination.send(scene.batch(scene.good(2), Operation.REMOVE, "b2"))
    assert scene.members() == {"theirs"}


def test_a_bad_row_is_named_and_the_others_arrive(scene: Scene) -> None:
    rows = scene.good(4)
    rows.insert(2, scene.case.bad)
    reply = scene.destination.send(scene.batch(rows))
    assert reply.verdict is Verdict.OK
    assert {position: row.verdict for position, row in reply.rows.items()} == {2: Verdict.REJECTED}
    assert reply.rows[2].code and reply.rows[2].reason
    assert scene.members() == {key for key, _ in scene.good(4)}


def test_the_declared_limit_is_the_real_one(scene: Scene) -> None:
    limit = scene.connector.capabilities.max_rows
    assert scene.destination.send(scene.batch(scene.good(limit))).verdict is Verdict.OK
    reply = scene.destination.send(scene.batch(scene.good(limit + 1), name="b2"))
    assert (reply.verdict, reply.code, reply.rows) == (Verdict.REJECTED, "http_413", {})


def test_a_wrong_credential_is_fatal(scene: Scene) -> None:
    wrong = replace(account(scene.case, scene.sandbox), secret=Secret("wrong"))
    stranger = scene.connector.build(wrong, Target(scene.case.list_name))
    reply = stranger.send(scene.batch(scene.good(1)))
    stranger.close()
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "http_401")


def test_nobody_there_is_worth_another_try(scene: Scene) -> None:
    nowhere = replace(account(scene.case, scene.sandbox), base_url="http://127.0.0.1:9")
    destination = scene.connector.build(nowhere, Target(scene.case.list_name))
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
    scene.sandbox.faults.script, scene.sandbox.faults.hang_seconds = [fault], 1.0
    batch = scene.batch(scene.good(2))
    reply = scene.destination.send(batch)
    assert (reply.verdict, reply.is_lost) == (Verdict.RETRY, is_lost)
    assert bool(scene.members()) == arrived
    if fault is Fault.BUSY:
        assert reply.retry_after == 0
    assert scene.destination.send(batch).verdict is Verdict.OK
    assert scene.members() == set(batch.keys)
    if scene.connector.capabilities.idempotency == "key":
        assert scene.sandbox.state.repeated_changes(scene.case.name) == 0


def test_nobody_reads_a_person_or_a_secret(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = [repr(scene.destination), repr(account(scene.case, scene.sandbox))]
    rows = [*scene.good(2), scene.case.bad]
    for fault in (Fault.NONE, Fault.FAIL, Fault.LOSE_AFTER):
        scene.sandbox.faults.script = [fault]
        told.append(repr(scene.destination.send(scene.batch(rows, name=f"b-{fault}"))))
    logging.getLogger("test").info("positive control: canary")
    text = "\n".join([*told, caplog.text])
    assert "canary" in text
    assert "127.0.0.1" in caplog.text, "the HTTP library's own log must be among what is searched"
    for secret in [scene.case.secret, *scene.case.personal]:
        assert secret not in text


def test_too_many_requests_say_when_to_come_back(scene: Scene, tmp_path: Path) -> None:
    with served_sandbox(tmp_path / "busy", requests_per_second=2) as sandbox:
        destination = scene.connector.build(account(scene.case, sandbox), Target(scene.case.list_name))
        replies = [destination.send(scene.batch(scene.good(1), name=f"b{number}")) for number in range(6)]
        destination.close()
    busy = [reply for reply in replies if reply.verdict is Verdict.RETRY]
    assert busy and all(reply.code == "http_429" and reply.retry_after == 1 for reply in busy)
