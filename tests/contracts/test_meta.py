"""Meta's custom audiences: counts that are looked into, errors by code, steps of an update, look-alikes made once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from cdp.errors import CdpError, ConfigurationError
from reverse_etl.destinations.connector import Account, Secret, Target
from reverse_etl.destinations.meta import CONNECTOR
from reverse_etl.destinations.meta.client import Meta
from reverse_etl.destinations.meta.config import MetaAccount
from reverse_etl.destinations.meta.graph import Graph
from reverse_etl.destinations.meta.lookalikes import lookalike
from reverse_etl.engine.words import Batch, Operation, Reply, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.batches import batch_of, names
from tests.contracts.fakes.meta import AUDIENCE, CASE, TOKEN, MetaFake, hashes, meta

REMOVE, UPDATE = Operation.REMOVE, Operation.UPDATE


@pytest.fixture
def fake() -> Iterator[MetaFake]:
    with meta() as up:
        yield up


@pytest.fixture
def connected(fake: MetaFake) -> Iterator[Meta]:
    built = CONNECTOR.build(CASE.account(fake.url), CASE.target)
    assert isinstance(built, Meta)
    yield built
    built.close()


@pytest.fixture
def graph(fake: MetaFake) -> Iterator[Graph]:
    made = Graph(CASE.account(fake.url))
    yield made
    made.close()


def ended(connected: Meta, batch: Batch) -> Reply:
    reply = connected.send(batch)
    return connected.poll(replace(batch, job=reply.job)) if reply.verdict is Verdict.PENDING else reply


def test_every_kind_of_request_is_one_that_is_described(fake: MetaFake, connected: Meta, graph: Graph) -> None:
    known = names(ended(connected, batch_of([hashes(1)])), 1)
    ended(connected, batch_of([{}], REMOVE, known))
    lookalike(graph, AUDIENCE, "DE", 0.01, "alike")
    lookalike(graph, AUDIENCE, "DE", 0.01, "alike")
    assert fake.description.seen.keys() == {
        "POST /…/…/users",
        "DELETE /…/…/users",
        "GET /…/…",
        "POST /…/…/customaudiences",
    }


def test_an_update_adds_before_it_removes_and_a_leaver_leaves_nothing(fake: MetaFake, connected: Meta) -> None:
    known = names(ended(connected, batch_of([hashes(1), hashes(2)])), 2)
    moved = {**hashes(1), "email_sha256": hashes(8)["email_sha256"]}
    first = connected.send(batch := batch_of([moved, hashes(2)], UPDATE, known))
    assert (first.verdict, set(fake.list)) == (
        Verdict.PENDING,
        {*hashes(1).values(), *moved.values(), hashes(2)["email_sha256"]},
    )
    reply = connected.poll(replace(batch, job=first.job))
    assert set(fake.list) == {*moved.values(), hashes(2)["email_sha256"]}
    assert orjson.loads(names(reply, 2)[0]) == moved
    ended(connected, batch_of([{}, {}], REMOVE, names(reply, 2)))
    assert not fake.list


def test_an_attempt_is_the_same_session(fake: MetaFake, connected: Meta) -> None:
    for _ in range(2):
        connected.send(batch_of([hashes(1)]))
    connected.send(replace(batch_of([hashes(1)]), idempotency_key="b2"))
    first, again, other = [session["session_id"] for session in fake.sessions]
    assert first == again != other


def test_a_few_invalid_entries_are_looked_for(fake: MetaFake, connected: Meta) -> None:
    fake.invalid = {hashes(4)["email_sha256"]}
    reply = connected.send(batch_of([hashes(2), hashes(4)]))
    assert (reply.verdict, reply.rows) == (Verdict.REJECTED, {})
    reply = connected.send(batch_of([hashes(4)]))
    assert [(row.verdict, row.code) for row in reply.per_row(1)] == [(Verdict.REJECTED, "invalid_entry")]


def test_many_invalid_entries_stop_the_sync_instead_of_thousands_of_calls(fake: MetaFake, connected: Meta) -> None:
    fake.invalid = {hashes(number)["email_sha256"] for number in range(150)}
    reply = connected.send(batch_of([hashes(number) for number in range(300)]))
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "invalid_entries")


@pytest.mark.parametrize(
    ("error", "verdict", "code"),
    [
        ({"code": 80003}, Verdict.RETRY, "meta_80003"),
        ({"code": 17, "error_subcode": 2446079}, Verdict.RETRY, "meta_17"),
        ({"code": 4}, Verdict.RETRY, "meta_4"),
        ({"code": 613, "error_subcode": 1487742}, Verdict.RETRY, "meta_613"),
        ({"code": 1, "error_subcode": 99}, Verdict.RETRY, "meta_1"),
        ({"code": 368, "is_transient": True}, Verdict.RETRY, "meta_368"),
        ({"code": 190}, Verdict.FATAL, "meta_190"),
        ({"code": 200}, Verdict.FATAL, "meta_200"),
        ({"code": 100, "error_subcode": 33}, Verdict.FATAL, "no_such_audience"),
        ({"code": 100, "error_subcode": 1713230}, Verdict.FATAL, "audience_blocked"),
        ({"code": 100}, Verdict.FATAL, "meta_100"),
    ],
)
def test_errors_mean_what_their_codes_say(
    fake: MetaFake, connected: Meta, error: dict[str, Any], verdict: Verdict, code: str
) -> None:
    fake.error = error
    reply = connected.send(batch_of([hashes(2)]))
    assert (reply.verdict, reply.code, reply.is_lost) == (verdict, code, False)
    assert "anna" not in repr(reply)


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        ('{"1": [{"type": "custom_audience", "estimated_time_to_regain_access": 7}]}', 420),
        ('{"1": [{"type": "custom_audience"}]}', None),
        ("nonsense", None),
    ],
)
def test_a_throttle_says_when_to_come_back(fake: MetaFake, connected: Meta, usage: str, seconds: float | None) -> None:
    fake.error, fake.usage = {"code": 80003}, usage
    assert connected.send(batch_of([hashes(2)])).retry_after == seconds


def test_a_removal_whose_answer_was_lost_is_asked_for_again(fake: MetaFake, connected: Meta) -> None:
    known = names(ended(connected, batch_of([hashes(2)])), 1)
    batch = batch_of([hashes(4)], UPDATE, known)
    batch = replace(batch, job=connected.send(batch).job)
    fake.faults.script = [Fault.LOSE_AFTER]
    assert connected.poll(batch).verdict is Verdict.RETRY
    assert connected.poll(batch).verdict is Verdict.OK
    assert set(fake.list) == {hashes(4)["email_sha256"]}


def test_a_row_whose_answer_was_lost_is_removed_by_what_it_said(fake: MetaFake, connected: Meta) -> None:
    ended(connected, batch_of([hashes(1), hashes(2)]))
    said = [hashes(1), {**hashes(2), "email_sha256": "anna@example.com"}]
    assert {row.verdict for row in ended(connected, batch_of(said, REMOVE)).per_row(2)} == {Verdict.OK}
    assert set(fake.list) == {hashes(2)["email_sha256"]}


def test_nothing_but_hashes_leaves(fake: MetaFake, connected: Meta) -> None:
    values = [(None, "79161234567"), ("A" * 64, None), (None, None)]
    plain = [{"email_sha256": address, "phone_sha256": number} for address, number in values]
    reply = connected.send(batch_of(plain))
    assert [row.code for row in reply.per_row(3)] == ["not_a_hash", "not_a_hash", "no_hash"]
    assert not fake.description.seen


def test_a_plain_token_is_a_credential_and_a_broken_object_is_none(fake: MetaFake) -> None:
    def account(secret: str) -> Account:
        return Account("meta", fake.url, Secret(secret))

    built = CONNECTOR.build(account(TOKEN), CASE.target)
    assert built.send(batch_of([hashes(2)])).code == "meta_100", "this app asks for a proof"
    built.close()
    with pytest.raises(ConfigurationError, match="neither a token nor a JSON object") as told:
        CONNECTOR.build(account('{"token": "hunter2"}'), CASE.target)
    assert "hunter2" not in str(told.value)


def test_another_audience_is_not_there(fake: MetaFake) -> None:
    stranger = CONNECTOR.build(CASE.account(fake.url), Target("1"))
    assert stranger.send(batch_of([hashes(2)])).code == "no_such_audience"
    stranger.close()


def test_a_version_is_one() -> None:
    assert MetaAccount.model_validate({"version": "v26.0"}).version == "v26.0"
    with pytest.raises(ValueError, match="version"):
        MetaAccount.model_validate({"version": "26"})


def test_a_lookalike_is_made_once_per_country_and_ratio(fake: MetaFake, graph: Graph) -> None:
    made = lookalike(graph, AUDIENCE, "DE", 0.01, "alike")
    again = lookalike(graph, AUDIENCE, "DE", 0.01, "alike")
    other = lookalike(graph, AUDIENCE, "DE", 0.05, "alike")
    assert (made.is_new, again.is_new, other.is_new) == (True, False, True)
    assert again.audience == made.audience != other.audience
    assert len(fake.lookalikes) == 2


def test_meta_itself_refuses_a_second_one(fake: MetaFake, graph: Graph) -> None:
    lookalike(graph, AUDIENCE, "DE", 0.01, "alike")
    fake.hides_lookalikes = True
    with pytest.raises(CdpError, match="already has this look-alike"):
        lookalike(graph, AUDIENCE, "DE", 0.01, "alike")
    assert len(fake.lookalikes) == 1


_USERS = f"v25.0/{AUDIENCE}/users"
_GOOD = {"payload": {"schema": ["EMAIL"], "is_raw": True, "data": [["e" * 64]]}}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", _USERS, {"payload": {"schema": ["MAIL"], "data": [["e" * 64]]}}),
        ("POST", _USERS, {"payload": {"schema": ["EMAIL"], "data": ["e" * 64]}}),
        ("POST", _USERS, {**_GOOD, "session": {"session_id": "1"}}),
        ("POST", f"25/{AUDIENCE}/users", _GOOD),
        ("DELETE", _USERS, {"schema": ["EMAIL"]}),
        ("PUT", _USERS, _GOOD),
        ("POST", "v25.0/act_1/customaudiences", {"name": "a", "subtype": "ALIKE"}),
        ("GET", f"v25.0/{AUDIENCE}?fields=Name%20x", None),
    ],
)
def test_a_wrong_request_would_be_refused(fake: MetaFake, method: str, path: str, body: object) -> None:
    headers = {"Authorization": "Bearer x"}
    assert httpx.request("POST", f"{fake.url}/{_USERS}", json=_GOOD, headers=headers).status_code == 401
    content = {"json": body} if body is not None else {}
    assert httpx.request(method, f"{fake.url}/{path}", headers=headers, **content).status_code == 400
    assert fake.description.violations
    fake.description.violations.clear()
