"""Klaviyo: imports that are asked for to their end, and leavers who are looked up."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.klaviyo import CONNECTOR
from reverse_etl.destinations.klaviyo.client import Klaviyo
from reverse_etl.destinations.klaviyo.profiles import profiles
from reverse_etl.engine.words import KEY, REMOTE_ID, ROW_HASH, Batch, Operation, Reply, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import Fields, email
from tests.contracts.fakes.klaviyo import CASE, TAKEN, KlaviyoFake, profile

_IMPORT = "POST /api/profile-bulk-import-jobs"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[KlaviyoFake]:
    with KlaviyoFake().up() as up:
        assert isinstance(up, KlaviyoFake)
        yield up


@pytest.fixture
def klaviyo(fake: KlaviyoFake) -> Iterator[Klaviyo]:
    built = CONNECTOR.build(CASE.account(fake.url), CASE.target)
    assert isinstance(built, Klaviyo)
    yield built
    built.close()


def batch_of(rows: Sequence[tuple[str, Fields]], operation: Operation = Operation.ADD) -> Batch:
    table = [{KEY: key, ROW_HASH: "h", REMOTE_ID: None, **fields} for key, fields in rows]
    return Batch(0, operation, "b1", pa.RecordBatch.from_pylist(table))


def people(count: int) -> list[tuple[str, Fields]]:
    return [(email(number), profile(number)) for number in range(count)]


def taken(number: int) -> tuple[str, Fields]:
    return email(number), {**profile(number), "phone_number": TAKEN}


def ended(klaviyo: Klaviyo, batch: Batch) -> Reply:
    reply = klaviyo.send(batch)
    while reply.verdict is Verdict.PENDING:
        batch = replace(batch, job=reply.job)
        reply = klaviyo.poll(batch)
    return reply


def test_known_attributes_have_their_places_and_everything_else_is_a_property() -> None:
    row = {"first_name": "Anna", "location_city": "Riga", "orders": 3, "segment": "a"}
    assert profiles(batch_of([("a@example.com", row)])) == [
        {
            "type": "profile",
            "attributes": {
                "email": "a@example.com",
                "first_name": "Anna",
                "location": {"city": "Riga"},
                "properties": {"orders": 3, "segment": "a"},
            },
        }
    ]


def test_a_property_without_a_value_is_taken_off(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    ended(klaviyo, batch_of([("a@example.com", {"orders": 3, "tier": "gold"})]))
    ended(klaviyo, batch_of([("a@example.com", {"orders": 4, "tier": None})], Operation.UPDATE))
    assert fake.profiles["a@example.com"]["properties"] == {"orders": 4}


def test_every_kind_of_request_is_in_the_description(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    ended(klaviyo, batch_of([*people(2), taken(7)]))
    ended(klaviyo, batch_of(people(2), Operation.REMOVE))
    assert set(fake.description.seen) == {
        _IMPORT,
        "GET /api/profile-bulk-import-jobs/…",
        "GET /api/profile-bulk-import-jobs/…/import-errors",
        "GET /api/lists/…/profiles",
        "DELETE /api/lists/…/relationships/profiles",
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/profile-bulk-import-jobs", {"data": {"type": "profile-import-job", "attributes": {}}}),
        ("POST", "/api/profile-bulk-import-jobs", {"profiles": [{"email": "a@example.com"}]}),
        ("GET", "/api/profile-bulk-import-jobs/01J?fields[profile-bulk-import-job]=state", None),
        ("GET", "/api/profile-bulk-import-jobs/01J/import-errors?page[size]=101", None),
        ("GET", "/api/lists/Y6nRLr/profiles?filter=equals(phone_number,'+1')", None),
        ("GET", "/api/lists/Y6nRLr/profiles", None),
        ("DELETE", "/api/lists/Y6nRLr/relationships/profiles", {"data": [{"type": "profile", "email": "a@b.c"}]}),
        ("DELETE", "/api/lists/Y6nRLr/profiles", {"data": []}),
    ],
)
def test_what_klaviyo_does_not_describe_is_refused(
    fake: KlaviyoFake, klaviyo: Klaviyo, method: str, path: str, body: object
) -> None:
    response = klaviyo._http._client.request(method, path, json=body)
    assert response.status_code == 400
    assert fake.description.violations
    fake.description.violations.clear()


def test_an_unknown_revision_header_is_missed(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    del klaviyo._http._client.headers["revision"]
    assert klaviyo.send(batch_of(people(1))).verdict is Verdict.REJECTED
    assert fake.description.violations
    fake.description.violations.clear()


def test_rows_that_klaviyo_points_at_are_refused_and_the_others_go_again(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    bad = [("not-an-address", profile(7)), (email(8), {**profile(8), "phone_number": "12"})]
    reply = klaviyo.send(batch_of([*people(2), *bad]))
    verdicts = reply.per_row(4)
    assert [row.verdict for row in verdicts] == [*[Verdict.RETRY] * 2, *[Verdict.REJECTED] * 2]
    assert [row.code for row in verdicts[2:]] == ["invalid_email", "invalid_phone_number"]
    assert not fake.jobs


@pytest.mark.parametrize("names_rows", ["payload", "pointer"])
def test_the_errors_of_an_import_are_read_to_the_last_page(
    fake: KlaviyoFake, klaviyo: Klaviyo, names_rows: str
) -> None:
    fake.names_rows = names_rows
    rows = people(150) + [taken(number) for number in range(150, 400)]
    reply = ended(klaviyo, batch_of(rows))
    assert sorted(reply.rows) == list(range(150, 400))
    assert fake.description.seen["GET /api/profile-bulk-import-jobs/…/import-errors"] == 3
    assert len(fake.members()) == 150


def test_a_new_process_reads_the_errors_from_the_first_page(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    batch = batch_of([taken(number) for number in range(150)])
    batch = replace(batch, job=klaviyo.send(batch).job)
    klaviyo.poll(batch)
    batch = replace(batch, job=klaviyo.poll(batch).job)
    reborn = CONNECTOR.build(CASE.account(fake.url), CASE.target)
    assert isinstance(reborn, Klaviyo)
    first = reborn.poll(batch)
    assert (first.verdict, len(reborn.poll(replace(batch, job=first.job)).rows)) == (Verdict.PENDING, 150)
    reborn.close()


def test_an_error_that_names_no_row_is_looked_for_by_the_engine(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    fake.names_rows = "nothing"
    reply = ended(klaviyo, batch_of([*people(2), taken(7)]))
    assert (reply.verdict, reply.code, reply.rows) == (Verdict.REJECTED, "import_errors", {})


@pytest.mark.parametrize("vanishes", [True, False], ids=["vanished", "cancelled"])
def test_an_import_that_klaviyo_gives_up_is_sent_again_but_not_for_ever(
    fake: KlaviyoFake, klaviyo: Klaviyo, vanishes: bool
) -> None:
    fake.ends, fake.asks, replies = "cancelled", 0, []
    for _ in range(4):
        batch = batch_of(people(2))
        batch = replace(batch, job=klaviyo.send(batch).job)
        if vanishes:
            fake.jobs.clear()
        replies.append(klaviyo.poll(batch))
    assert [reply.verdict for reply in replies] == [*[Verdict.OK] * 3, Verdict.FATAL]
    assert {row.verdict for row in replies[0].per_row(2)} == {Verdict.RETRY}


def test_imports_of_an_earlier_run_that_are_forgotten_are_all_sent_again(klaviyo: Klaviyo) -> None:
    replies = [klaviyo.poll(replace(batch_of(people(1)), job=f"01OLD{number}")) for number in range(9)]
    assert {reply.per_row(1)[0].verdict for reply in replies} == {Verdict.RETRY}


@pytest.mark.parametrize("operation", Operation)
def test_a_list_that_is_not_there_stops_the_sync(fake: KlaviyoFake, operation: Operation) -> None:
    wrong = CONNECTOR.build(CASE.account(fake.url), Target("gone"))
    assert wrong.send(batch_of(people(2), operation)).verdict is Verdict.FATAL
    wrong.close()


def test_leavers_go_in_steps_of_five_look_ups_and_one_removal(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    ended(klaviyo, batch_of(people(1_100)))
    fake.description.seen.clear()
    batch = batch_of(people(1_050), Operation.REMOVE)
    jobs, reply = [], klaviyo.send(batch)
    while reply.verdict is Verdict.PENDING:
        jobs.append(reply.job)
        reply = klaviyo.poll(replace(batch, job=reply.job))
    assert jobs == ["from:500", "from:1000"]
    assert reply.verdict is Verdict.OK
    assert fake.description.seen["DELETE /api/lists/…/relationships/profiles"] == 3
    assert fake.description.seen["GET /api/lists/…/profiles"] == 11
    assert fake.members() == {email(number) for number in range(1_050, 1_100)}


def test_a_step_that_fails_is_taken_again(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    ended(klaviyo, batch_of(people(600)))
    batch = batch_of(people(600), Operation.REMOVE)
    batch = replace(batch, job=klaviyo.send(batch).job)
    fake.faults.script = [Fault.NONE, Fault.LOSE_AFTER]
    assert klaviyo.poll(batch).verdict is Verdict.RETRY
    assert klaviyo.poll(batch).verdict is Verdict.OK
    assert fake.members() == set()


def test_whoever_came_leaves_however_he_is_spelt(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    row = [("Anna.A@Example.com", profile(1))]
    ended(klaviyo, batch_of(row))
    assert fake.members() == {"anna.a@example.com"}
    ended(klaviyo, batch_of(row, Operation.REMOVE))
    assert fake.members() == set()


def test_a_decimal_is_a_number(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    ended(klaviyo, batch_of([("a@example.com", {"spent": Decimal("12.34")})]))
    assert fake.profiles["a@example.com"]["properties"] == {"spent": 12.34}


def test_long_addresses_are_looked_up_in_more_calls(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    rows = [(f"{'ü' * 60}{number}@example.com", profile(number)) for number in range(40)]
    ended(klaviyo, batch_of(rows))
    assert len(fake.members()) == 40
    assert ended(klaviyo, batch_of(rows, Operation.REMOVE)).verdict is Verdict.OK
    assert fake.members() == set()


def test_who_was_deleted_at_klaviyo_has_left(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    ended(klaviyo, batch_of(people(2)))
    fake.forget(email(0))
    reply = ended(klaviyo, batch_of(people(2), Operation.REMOVE))
    assert (reply.verdict, reply.rows) == (Verdict.OK, {})


def test_a_profile_that_vanishes_meanwhile_is_no_missing_list(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    ended(klaviyo, batch_of(people(1)))
    fake.list["ghost@example.com"] = "01GHOST"
    reply = klaviyo.send(batch_of([("ghost@example.com", profile(1))], Operation.REMOVE))
    assert (reply.verdict, reply.code) == (Verdict.RETRY, "profile_vanished")


def test_an_address_cannot_speak_for_another(fake: KlaviyoFake, klaviyo: Klaviyo) -> None:
    ended(klaviyo, batch_of(people(2)))
    sly = f'"x","{email(1)}'
    reply = ended(klaviyo, batch_of([(email(0), profile(0)), (sly, profile(1))], Operation.REMOVE))
    assert (list(reply.rows), reply.rows[1].code) == ([1], "address_not_searchable")
    assert fake.members() == {email(1)}


def test_nobody_reads_who_leaves(fake: KlaviyoFake, klaviyo: Klaviyo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ended(klaviyo, batch_of([*people(2), ("not-an-address", profile(1))]))
    ended(klaviyo, batch_of(people(2), Operation.REMOVE))
    assert f"/api/lists/{CASE.target.name}/profiles" in caplog.text
    for text in CASE.personal:
        assert text not in caplog.text
