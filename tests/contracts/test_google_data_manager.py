"""Google's Data Manager: steps of an update, reasons by index, tokens, and requests that Google would not take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.google_data_manager import CONNECTOR
from reverse_etl.destinations.google_data_manager.client import GoogleDataManager
from reverse_etl.destinations.google_data_manager.config import SCOPE, GoogleAccount, GoogleList
from reverse_etl.destinations.google_data_manager.token import Tokens
from reverse_etl.engine.words import Batch, Operation, Reply, RowVerdict, Verdict
from tests.contracts.batches import batch_of, names
from tests.contracts.fakes.google_data_manager import ACCOUNT, CASE, LIST, GoogleFake, google, hashes

REMOVE, UPDATE = Operation.REMOVE, Operation.UPDATE


@pytest.fixture
def fake() -> Iterator[GoogleFake]:
    with google() as up:
        yield up


@pytest.fixture
def connected(fake: GoogleFake) -> Iterator[GoogleDataManager]:
    built = CONNECTOR.build(CASE.account(fake.url), CASE.target)
    assert isinstance(built, GoogleDataManager)
    yield built
    built.close()


def ended(connected: GoogleDataManager, batch: Batch) -> Reply:
    reply = connected.send(batch)
    for _ in range(20):
        if reply.verdict is not Verdict.PENDING:
            break
        batch = replace(batch, job=reply.job)
        reply = connected.poll(batch)
    return reply


def test_every_kind_of_request_is_one_that_google_describes(fake: GoogleFake, connected: GoogleDataManager) -> None:
    there = ended(connected, batch_of([hashes(1)]))
    ended(connected, batch_of([{}], REMOVE, names(there, 1)))
    assert set(fake.description.seen) == {
        "POST /…/audienceMembers:ingest",
        "POST /…/audienceMembers:remove",
        "GET /…/requestStatus:retrieve",
    }


def test_a_row_is_known_by_its_identifiers_and_the_code_is_the_match_rate(
    fake: GoogleFake, connected: GoogleDataManager
) -> None:
    reply = ended(connected, batch_of([hashes(1), hashes(2)]))
    assert (reply.verdict, reply.code) == (Verdict.OK, "matched_61_to_70")
    assert orjson.loads(names(reply, 2)[0]) == hashes(1)
    assert orjson.loads(names(reply, 2)[1]) == {"email_sha256": hashes(2)["email_sha256"]}


def test_an_update_adds_before_it_removes_and_keeps_what_did_not_change(
    fake: GoogleFake, connected: GoogleDataManager
) -> None:
    known = names(ended(connected, batch_of([hashes(1), hashes(3)])), 2)
    moved = {**hashes(1), "email_sha256": hashes(8)["email_sha256"]}
    reply = ended(connected, batch_of([moved, hashes(3)], UPDATE, known))
    assert [job.what for job in fake.jobs.values()] == ["ingest", "ingest", "remove"]
    assert list(fake.jobs.values())[-1].members == [[hashes(1)["email_sha256"]]]
    assert set(fake.list) == {*moved.values(), *hashes(3).values()}
    assert orjson.loads(names(reply, 2)[0])["email_sha256"] == hashes(8)["email_sha256"]


def test_two_rows_that_swap_an_address_lose_nothing(fake: GoogleFake, connected: GoogleDataManager) -> None:
    known = names(ended(connected, batch_of([hashes(2), hashes(4)])), 2)
    reply = ended(connected, batch_of([hashes(4), hashes(2)], UPDATE, known))
    assert reply.verdict is Verdict.OK
    assert set(fake.list) == {hashes(2)["email_sha256"], hashes(4)["email_sha256"]}
    assert "remove" not in {job.what for job in fake.jobs.values()}


def test_a_poll_is_one_call(fake: GoogleFake, connected: GoogleDataManager) -> None:
    """The engine counts it as one."""
    known = names(ended(connected, batch_of([hashes(1)])), 1)
    batch = batch_of([hashes(3)], UPDATE, known)
    reply = connected.send(batch)
    while reply.verdict is Verdict.PENDING:
        before = fake.description.seen.total()
        batch = replace(batch, job=reply.job)
        reply = connected.poll(batch)
        assert fake.description.seen.total() - before <= 1


def test_refused_records_are_named_and_keep_what_they_had(fake: GoogleFake, connected: GoogleDataManager) -> None:
    known = names(ended(connected, batch_of([hashes(2), hashes(4), hashes(6)])), 3)
    fake.refuses = {hashes(10)["email_sha256"]}
    reply = ended(connected, batch_of([hashes(8), hashes(10), hashes(12)], UPDATE, known))
    assert [row.verdict for row in reply.per_row(3)] == [Verdict.OK, Verdict.REJECTED, Verdict.OK]
    assert reply.rows[1] == RowVerdict(Verdict.REJECTED, "invalid_format", "Google cannot read a hash of this row")
    assert set(fake.list) == {hashes(number)["email_sha256"] for number in (8, 4, 12)}


def test_refused_records_that_are_not_named_are_looked_for(fake: GoogleFake, connected: GoogleDataManager) -> None:
    fake.refuses, fake.names_rows = {hashes(4)["email_sha256"]}, False
    reply = ended(connected, batch_of([hashes(2), hashes(4)]))
    assert (reply.verdict, reply.rows) == (Verdict.REJECTED, {})


@pytest.mark.parametrize("names_rows", [True, False])
def test_a_failed_request_refuses_each_row_for_its_reason(
    fake: GoogleFake, connected: GoogleDataManager, names_rows: bool
) -> None:
    fake.fails, fake.names_rows, fake.reason = True, names_rows, "PROCESSING_ERROR_REASON_DENIED_CONSENT"
    reply = ended(connected, batch_of([hashes(2), hashes(4)]))
    assert {(row.verdict, row.code) for row in reply.per_row(2)} == {(Verdict.REJECTED, "denied_consent")}


def test_what_google_fails_at_is_sent_again_but_not_for_ever(fake: GoogleFake, connected: GoogleDataManager) -> None:
    fake.fails, fake.reason = True, "PROCESSING_ERROR_REASON_INTERNAL_ERROR"
    replies = [ended(connected, batch_of([hashes(2)])) for _ in range(4)]
    assert [reply.per_row(1)[0].verdict for reply in replies[:3]] == [Verdict.RETRY] * 3
    assert replies[3].verdict is Verdict.FATAL


def test_a_request_that_google_has_forgotten_is_sent_again(fake: GoogleFake, connected: GoogleDataManager) -> None:
    reply = connected.send(batch_of([hashes(2)]))
    fake.jobs.clear()
    assert connected.poll(replace(batch_of([hashes(2)]), job=reply.job)).per_row(1)[0].verdict is Verdict.RETRY


def test_rows_that_a_refusal_names_are_refused_and_the_others_go_again(
    fake: GoogleFake, connected: GoogleDataManager
) -> None:
    fake.refuses_at_once = {hashes(4)["email_sha256"]}
    reply = connected.send(batch_of([{"email_sha256": "x"}, hashes(2), hashes(4)]))
    verdicts = [(row.verdict, row.code) for row in reply.per_row(3)]
    assert verdicts == [
        (Verdict.REJECTED, "not_a_hash"),
        (Verdict.RETRY, "request_refused"),
        (Verdict.REJECTED, "invalid_sha256_format"),
    ]


@pytest.mark.parametrize(
    ("violation", "code"),
    [
        (("", "TERMS_AND_CONDITIONS_NOT_SIGNED"), "terms_and_conditions_not_signed"),
        (("destinations[0].product_destination_id", "INVALID_USER_LIST_ID"), "invalid_user_list_id"),
        (("destinations[0]", "REQUIRED_FIELD_MISSING"), "http_400"),
    ],
)
def test_what_is_wrong_with_the_request_itself_stops_the_sync(
    fake: GoogleFake, connected: GoogleDataManager, violation: tuple[str, str], code: str
) -> None:
    fake.violation = violation
    reply = connected.send(batch_of([hashes(2), hashes(4)]))
    assert (reply.verdict, reply.code) == (Verdict.FATAL, code)


def test_a_row_whose_answer_was_lost_is_removed_by_what_it_said(fake: GoogleFake, connected: GoogleDataManager) -> None:
    ended(connected, batch_of([hashes(1), hashes(2)]))
    said = [hashes(1), {**hashes(2), "email_sha256": "anna@example.com"}]
    assert {row.verdict for row in ended(connected, batch_of(said, REMOVE)).per_row(2)} == {Verdict.OK}
    assert set(fake.list) == {hashes(2)["email_sha256"]}


def test_nothing_but_hashes_leaves(fake: GoogleFake, connected: GoogleDataManager) -> None:
    plain = [{"email_sha256": "anna@example.com"}, {"email_sha256": "A" * 64}, {"email_sha256": None}]
    reply = connected.send(batch_of(plain))
    assert [row.code for row in reply.per_row(3)] == ["not_a_hash", "not_a_hash", "no_hash"]
    assert not fake.description.seen


def test_a_token_is_asked_for_once_until_it_ends(fake: GoogleFake) -> None:
    now = [time.time()]
    tokens = Tokens(CASE.account(fake.url), SCOPE, lambda: now[0])
    given = []
    for seconds in (0, 3_500, 50):
        now[0] += seconds
        given.append(tokens.header()["Authorization"])
    tokens.close()
    assert given == ["Bearer ya29.token-1", "Bearer ya29.token-1", "Bearer ya29.token-2"]


def test_no_token_means_no_call(fake: GoogleFake, connected: GoogleDataManager) -> None:
    for status, verdict in ((503, Verdict.RETRY), (400, Verdict.FATAL)):
        fake.tokens.refuses = status
        reply = connected.send(batch_of([hashes(2)]))
        assert (reply.verdict, reply.is_lost) == (verdict, False)
    assert not fake.description.seen


def test_a_secret_that_is_no_key_is_told_before_anything_runs(fake: GoogleFake) -> None:
    for secret in ("hunter2", '{"client_email": "a", "private_key": "b", "private_key_id": "c", "token_uri": "d"}'):
        account = replace(CASE.account(fake.url), secret=type(CASE.account(fake.url).secret)(secret))
        with pytest.raises(ConfigurationError, match="is not a service account's key") as told:
            CONNECTOR.build(account, CASE.target)
        assert secret not in str(told.value)


def test_an_account_and_a_list_say_where_and_what_was_agreed() -> None:
    said = {"operating_account": ACCOUNT, "login_account": "777", "customer_match_terms": "accepted"}
    assert GoogleAccount.model_validate(said).destination(LIST) == {
        "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": ACCOUNT},
        "loginAccount": {"accountType": "GOOGLE_ADS", "accountId": "777"},
        "productDestinationId": LIST,
    }
    denied = GoogleList.model_validate({"ad_personalization": "denied"}).consent()
    assert denied == {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"}
    for wrong in ({}, {**said, "operating_account": "123-456"}, {**said, "customer_match_terms": "no"}):
        with pytest.raises(ValueError, match=r"operating_account|customer_match_terms"):
            GoogleAccount.model_validate(wrong)


def test_another_list_is_not_there(fake: GoogleFake) -> None:
    stranger = CONNECTOR.build(CASE.account(fake.url), Target("1"))
    assert stranger.send(batch_of([hashes(2)])).code == "invalid_user_list_id"
    stranger.close()


_MEMBER = {"userData": {"userIdentifiers": [{"emailAddress": "e" * 64}]}}
_GOOD: dict[str, Any] = {
    "destinations": [GoogleAccount(operating_account=ACCOUNT, customer_match_terms="accepted").destination(LIST)],
    "encoding": "HEX",
    "consent": GoogleList().consent(),
    "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"},
    "audienceMembers": [_MEMBER],
}


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("ingest", {"audienceMembers": [{"userData": {"userIdentifiers": [{"emailAddress": "anna@example.com"}]}}]}),
        ("ingest", {"audienceMembers": [{"userData": {"userIdentifiers": []}}]}),
        ("ingest", {"encoding": "HEXADECIMAL"}),
        ("ingest", {"consent": {"adUserData": "GRANTED"}}),
        ("ingest", {"members": []}),
        ("remove", {"destinations": []}),
        ("remove", {"audienceMembers": [{"userId": "1"}]}),
        ("delete", {}),
    ],
)
def test_a_wrong_request_would_be_refused(fake: GoogleFake, call: str, wrong: dict[str, Any]) -> None:
    good = {name: said for name, said in _GOOD.items() if call == "ingest" or name not in {"consent", "termsOfService"}}
    headers = {"Authorization": "Bearer x"}
    url = f"{fake.url}/v1/audienceMembers:{call}"
    if call != "delete":
        assert httpx.post(url, json=good, headers=headers).status_code == 401
    assert httpx.post(url, json={**good, **wrong}, headers=headers).status_code == 400
    assert fake.description.violations
    fake.description.violations.clear()


def test_a_question_without_an_id_would_be_refused(fake: GoogleFake) -> None:
    assert httpx.get(f"{fake.url}/v1/requestStatus:retrieve", headers={"Authorization": "Bearer x"}).status_code == 400
    assert fake.description.violations
    fake.description.violations.clear()
