"""Mailchimp: contacts of an audience are written, then tagged; nobody is subscribed again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import ValidationError

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.mailchimp import CONNECTOR
from reverse_etl.destinations.mailchimp.client import Mailchimp
from reverse_etl.destinations.mailchimp.config import MailchimpSync, address
from reverse_etl.engine.words import KEY, REMOTE_ID, ROW_HASH, Batch, Operation, Reply, Status, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import Fields, email
from tests.contracts.fakes.mailchimp import CASE, LIST, TAG, MailchimpFake, contact
from tests.doubles.workbench import Workbench


@pytest.fixture
def fake() -> Iterator[MailchimpFake]:
    with MailchimpFake().up() as up:
        assert isinstance(up, MailchimpFake)
        yield up


@pytest.fixture
def mailchimp(fake: MailchimpFake) -> Iterator[Mailchimp]:
    yield from built(fake)


def built(fake: MailchimpFake, **options: str) -> Iterator[Mailchimp]:
    target = replace(CASE.target, options={**CASE.target.options, **options})
    connector = CONNECTOR.build(CASE.account(fake.url), target)
    assert isinstance(connector, Mailchimp)
    yield connector
    connector.close()


def batch_of(rows: Sequence[tuple[str, Fields]], operation: Operation = Operation.ADD) -> Batch:
    table = [{KEY: key, ROW_HASH: "h", REMOTE_ID: None, **fields} for key, fields in rows]
    return Batch(0, operation, "b1", pa.RecordBatch.from_pylist(table))


def people(count: int) -> list[tuple[str, Fields]]:
    return [(email(number), contact(number)) for number in range(count)]


def ended(mailchimp: Mailchimp, batch: Batch) -> Reply:
    reply = mailchimp.send(batch)
    return mailchimp.poll(replace(batch, job=reply.job)) if reply.verdict is Verdict.PENDING else reply


def test_every_kind_of_request_is_in_the_description(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    ended(mailchimp, batch_of(people(2)))
    ended(mailchimp, batch_of(people(2), Operation.REMOVE))
    assert fake.description.seen == {
        "POST /…/lists/…": 1,
        "GET /…/lists/…/merge-fields": 1,
        "GET /…/lists/…/tag-search": 1,
        "POST /…/lists/…/segments": 1,
        "POST /…/lists/…/segments/…": 2,
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"/lists/{LIST}", {"members": [{"email_address": "a@b.c", "status": "subscribed"}]}),
        ("POST", f"/lists/{LIST}", {"members": [{"email_address": "a@b.c", "status_if_new": "archived"}]}),
        ("POST", f"/lists/{LIST}", {"update_existing": True}),
        ("GET", f"/lists/{LIST}/merge-fields?count=5000", None),
        ("GET", f"/lists/{LIST}/tag-search", None),
        ("POST", f"/lists/{LIST}/segments", {"static_segment": []}),
        ("POST", f"/lists/{LIST}/segments/{TAG}", {"members_to_add": ["a@b.c"]}),
        ("POST", f"/lists/{LIST}/segments/7", {"add": ["a@b.c"]}),
        ("DELETE", f"/lists/{LIST}/members/0c83f57c786a0b4a39efab23731c7ebc", None),
    ],
)
def test_what_mailchimp_does_not_describe_is_refused(
    fake: MailchimpFake, mailchimp: Mailchimp, method: str, path: str, body: object
) -> None:
    response = mailchimp._http._client.request(method, path, json=body)
    assert response.status_code == 400
    assert fake.description.violations
    fake.description.violations.clear()


def test_who_unsubscribed_there_is_never_subscribed_again(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    fake.contacts[email(0)] = {"status": "unsubscribed", "merge_fields": {"FNAME": "Old"}}
    assert ended(mailchimp, batch_of(people(2))).verdict is Verdict.OK
    assert fake.contacts[email(0)] == {"status": "unsubscribed", "merge_fields": contact(0)}
    assert fake.contacts[email(1)]["status"] == "subscribed"


def test_who_is_new_gets_the_status_that_the_sync_says(fake: MailchimpFake) -> None:
    for pending in built(fake, status="pending"):
        ended(pending, batch_of(people(1)))
    assert fake.contacts[email(0)]["status"] == "pending"


def test_a_leaver_keeps_everything_but_the_tag(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    ended(mailchimp, batch_of(people(2)))
    before = dict(fake.contacts)
    ended(mailchimp, batch_of(people(1), Operation.REMOVE))
    assert (fake.contacts, fake.members()) == (before, {email(1)})


def test_without_the_tag_nobody_has_to_leave(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    assert ended(mailchimp, batch_of(people(2), Operation.REMOVE)).verdict is Verdict.OK
    assert TAG not in fake.tags


def test_a_tag_that_is_there_is_found_by_its_whole_name(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    fake.tags[TAG] = 77
    ended(mailchimp, batch_of(people(1)))
    assert fake.tags == {f"{TAG} of old": 1_001, TAG: 77}


def test_refusals_are_told_apart_and_kept_until_the_tagging(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    fake.contacts[email(1)] = {"status": "archived", "merge_fields": {}}
    fake.gone_for_good = {email(2)}
    batch = batch_of([*people(3), ("nobody", contact(3))])
    job = mailchimp.send(batch).job
    for reborn in built(fake):
        reply = reborn.poll(replace(batch, job=job))
    assert {position: row.code for position, row in reply.rows.items()} == {
        1: "archived",
        2: "permanently_deleted",
        3: "invalid_email",
    }
    assert fake.members() == {email(0)}


def test_a_batch_of_refused_rows_is_not_tagged(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    reply = mailchimp.send(batch_of([("nobody", contact(3))]))
    assert (reply.verdict, reply.rows[0].verdict) == (Verdict.OK, Verdict.REJECTED)


def test_a_refusal_of_somebody_is_looked_for_by_the_engine(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    fake.names_nobody = True
    whole = mailchimp.send(batch_of([*people(1), ("nobody", contact(3))]))
    assert (whole.verdict, whole.rows) == (Verdict.REJECTED, {})
    assert mailchimp.send(batch_of([("nobody", contact(3))])).rows[0].code == "invalid_email"


def test_members_that_a_400_names_are_refused_and_the_others_go_again(
    fake: MailchimpFake, mailchimp: Mailchimp
) -> None:
    rows = [*people(2), (email(2), {**contact(2), "FNAME": "A" * 300})]
    verdicts = mailchimp.send(batch_of(rows)).per_row(3)
    assert [row.verdict for row in verdicts] == [Verdict.RETRY, Verdict.RETRY, Verdict.REJECTED]
    assert verdicts[2].code == "invalid_field"


def test_a_bare_403_is_a_throttle_and_one_with_a_document_is_not(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    fake.throttles = 1
    reply = mailchimp.send(batch_of(people(1)))
    assert (reply.verdict, reply.code, reply.is_lost) == (Verdict.RETRY, "http_403", False)
    fake.has_403 = True
    assert mailchimp.send(batch_of(people(1))).verdict is Verdict.FATAL


def test_a_field_that_the_audience_lacks_stops_the_sync(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    reply = mailchimp.send(batch_of([(email(0), {"fname": "Anna", "city": "Riga"})]))
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "no_merge_field")
    assert "`CITY`" in reply.reason
    assert not fake.contacts


def test_a_mapping_that_was_repaired_is_not_held_up_by_what_was_queued_before(fake: MailchimpFake) -> None:
    connector = CONNECTOR.build(CASE.account(fake.url), replace(CASE.target, fields=frozenset({"fname"})))
    assert isinstance(connector, Mailchimp)
    assert ended(connector, batch_of([(email(0), {"fname": "Anna", "ctiy": "Riga"})])).verdict is Verdict.OK
    connector.close()


def test_fields_are_merge_tags_and_null_empties_them(fake: MailchimpFake, mailchimp: Mailchimp) -> None:
    ended(mailchimp, batch_of([(email(0), {"fname": None, "points": 3})]))
    assert fake.contacts[email(0)]["merge_fields"] == {"FNAME": "", "POINTS": 3}


@pytest.mark.parametrize("fault", [Fault.LOSE_BEFORE, Fault.LOSE_AFTER, Fault.HALF_ANSWER])
@pytest.mark.parametrize("call", range(5))
def test_whatever_call_is_lost_the_end_is_the_same(
    fake: MailchimpFake, mailchimp: Mailchimp, fault: Fault, call: int
) -> None:
    fake.faults.script = [*[Fault.NONE] * call, fault]
    batch = batch_of(people(3))
    reply = mailchimp.send(batch)
    for _ in range(3):
        if reply.verdict is Verdict.PENDING:
            batch = replace(batch, job=reply.job)
        reply = mailchimp.poll(batch) if batch.job else mailchimp.send(batch)
    assert (reply.verdict, reply.rows) == (Verdict.OK, {})
    assert fake.members() == set(batch.keys)


def test_an_audience_that_is_not_there_stops_the_sync(fake: MailchimpFake) -> None:
    wrong = CONNECTOR.build(CASE.account(fake.url), Target("gone", options={"tag": TAG}))
    for operation in Operation:
        assert wrong.send(batch_of(people(1), operation)).verdict is Verdict.FATAL
    wrong.close()


def test_the_key_says_where_the_account_is() -> None:
    account = CASE.account(CONNECTOR.base_url)
    assert address(account) == "https://us21.api.mailchimp.com/3.0"
    with pytest.raises(ConfigurationError, match="data centre") as raised:
        address(CASE.account(CONNECTOR.base_url, "0123456789abcdef"))
    assert "0123" not in str(raised.value)


@pytest.mark.parametrize("options", [{}, {"tag": ""}, {"tag": "a", "status": "unsubscribed"}, {"tag": "a", "x": "y"}])
def test_a_sync_says_a_tag_and_a_status_that_a_newcomer_can_have(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MailchimpSync.model_validate(options)


def test_another_tag_is_another_list(tmp_path: Path) -> None:
    """Who carried the old one stays so, and a person agrees before the new one is given."""
    bench = Workbench(tmp_path)
    named = [
        bench.sync.keeping(CASE.connector.part(Target(LIST, options={"tag": tag}))) for tag in ("Regulars", "Guests")
    ]
    assert [sync.target for sync in named] == [
        "esp/newsletter (Regulars) by id",
        "esp/newsletter (Guests) by id",
    ]
    bench.sync = named[0]
    bench.want_keys("a")
    assert bench.run().status is Status.OK
    bench.sync = named[1]
    held = bench.run()
    assert held.status is Status.HELD
    assert "it kept esp/newsletter (Regulars) by id and would now fill esp/newsletter (Guests) by id" in held.reason
    bench.close()
