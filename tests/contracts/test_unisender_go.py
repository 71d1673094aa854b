"""What is Unisender Go's own: many letters in one call, what it says of each address, and its own template language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError

from cdp.errors import DeclarationError
from reverse_etl.destinations import http
from reverse_etl.destinations.connector import Account, Secret
from reverse_etl.destinations.unisender_go.client import UnisenderGo, check
from reverse_etl.destinations.unisender_go.config import SyncOptions
from reverse_etl.engine.words import Reply, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import email
from tests.contracts.fakes.unisender_go import KEY, SENDER, UnisenderFake, message, target
from tests.contracts.messages import batch_of
from tests.contracts.sending import SEEDS, Sending


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[UnisenderFake]:
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(5.0))
    tool = UnisenderFake()
    with tool.up():
        yield tool


def connected(fake: UnisenderFake, **options: str) -> closing[UnisenderGo]:
    return closing(UnisenderGo(Account("mail", fake.url, Secret(KEY)), target(**options)))


def sent(fake: UnisenderFake, *rows: dict[str, Any], **options: str) -> Reply:
    with connected(fake, **options) as destination:
        return destination.send(batch_of(*rows))


def test_each_gets_a_letter_with_what_is_theirs(fake: UnisenderFake) -> None:
    reply = sent(fake, message(1), {**message(2), "first_name": None, "customer_id": None})
    assert [row.remote_id for row in reply.per_row(2)] == ["job-0", "job-0"]
    first, second = fake.sent
    assert first["subject"] == "News for Anna1"
    assert second["subject"] == "News for you"
    assert first["plaintext"] == "Hi Anna1!"
    assert "<p>Hi friend!</p>" in second["html"] and "number" not in second["html"]
    assert second["unsubscribe_url"] == "https://shop.example/stop?c="
    assert first["metadata"] == {"message": "m0"}
    assert fake.description.seen == {"POST /ru/transactional/api/…/email/send.json": 1}


def test_a_value_is_never_markup_nor_a_place_of_theirs(fake: UnisenderFake) -> None:
    name = "<script>{{UnsubscribeUrl}}</script>\r\nBcc: all@example.com"
    assert sent(fake, {**message(2), "first_name": name}).verdict is Verdict.OK
    letter = fake.sent[0]
    assert "\n" not in letter["subject"] and "\r" not in letter["subject"]
    assert "<script>" not in letter["html"] and "&lt;script&gt;" in letter["html"]
    assert letter["html"].count("https://unisender.example/stop") == 1, "the template's own link, and no other"
    assert "unisender.example" not in letter["plaintext"] + letter["subject"]
    assert '<a href="https://example.com/2">' in letter["html"]


@pytest.mark.parametrize("why", ["invalid", "unsubscribed", "permanent_unavailable", "temporary_unavailable"])
def test_an_address_that_it_does_not_take_is_one_row(fake: UnisenderFake, why: str) -> None:
    fake.refusals = {email(1): why}
    reply = sent(fake, message(0), message(1), message(2))
    assert [row.verdict for row in reply.per_row(3)] == [Verdict.OK, Verdict.REJECTED, Verdict.OK]
    assert reply.rows[1].code == why and reply.rows[1].reason


def test_a_word_of_theirs_that_we_do_not_know_is_not_repeated(fake: UnisenderFake) -> None:
    fake.refusals = {email(0): "anna0@example.com is on a list"}
    reply = sent(fake, message(0))
    assert (reply.rows[0].verdict, reply.rows[0].code) == (Verdict.REJECTED, "refused")
    assert "anna0" not in repr(reply)


def test_a_second_letter_to_one_address_goes_with_the_next_call(fake: UnisenderFake) -> None:
    again = {**message(1), "to": email(1).upper()}
    reply = sent(fake, message(1), again, message(2))
    assert [row.verdict for row in reply.per_row(3)] == [Verdict.OK, Verdict.RETRY, Verdict.OK]
    with connected(fake) as destination:
        rest = batch_of(message(1), again, message(2)).only([1])
        assert destination.send(rest).per_row(1)[0].verdict is Verdict.OK
    assert len(fake.sent) == 3


def test_a_batch_of_nothing_that_can_be_sent_is_not_sent(fake: UnisenderFake) -> None:
    reply = sent(fake, {**message(0), "to": None}, {**message(1), "to": "a@b\r\nRCPT TO:<c@d>"})
    assert [row.code for row in reply.per_row(2)] == ["invalid_email", "invalid_email"]
    assert not fake.description.seen


def test_the_key_is_theirs_in_length_and_the_same_for_every_attempt(fake: UnisenderFake) -> None:
    fake.faults.script = [Fault.LOSE_AFTER]
    with connected(fake) as destination:
        lost, answered = destination.send(batch_of(message(0))), destination.send(batch_of(message(0)))
    assert lost.is_lost and answered.per_row(1)[0].verdict is Verdict.OK
    assert len(fake.sent) == 1 and fake.doubled == 0
    assert [str(UUID(key)) for key in fake._answers] == list(fake._answers)


def test_a_template_of_theirs_gets_the_values_as_they_are(fake: UnisenderFake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UnisenderFake, "_deliver", lambda self, said, one: self.sent.append({**said, "one": one}))
    theirs = {"template": "", "plain_template": "", "unsubscribe_url": "", "template_id": "t-1", "language": "de"}
    assert sent(fake, message(1), **theirs).verdict is Verdict.OK
    said = fake.sent[0]
    assert (said["template_id"], said["global_language"], said["tags"]) == ("t-1", "de", ["spring-news"])
    assert said["one"]["substitutions"] == {"to": email(1), "first_name": "Anna1", "customer_id": 1}
    assert "body" not in said


def test_a_refused_call_stops_the_sync_and_refuses_nobody(fake: UnisenderFake) -> None:
    options = {"from_email": "nobody@elsewhere.example"}
    assert sent(fake, message(0), message(1), **options).verdict is Verdict.REJECTED, "so that it is cut"
    reply = sent(fake, message(0), **options)
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "unisender_205")


def test_an_answer_that_leaves_somebody_out_is_asked_for_again(fake: UnisenderFake) -> None:
    with connected(fake) as destination:
        destination.send(batch_of(message(0)))
        fake._answers = {key: {**answer, "emails": []} for key, answer in fake._answers.items()}
        reply = destination.send(batch_of(message(0)))
    assert (reply.code, reply.is_lost) == ("unreadable_answer", True)


_PERSON = {"email": "anna@example.com"}
_LETTER = {"recipients": [_PERSON], "idempotence_key": "k", "subject": "s", "from_email": SENDER, "body": {"html": "h"}}


@pytest.mark.parametrize(
    "change",
    [
        {"recipients": [_PERSON] * 501},
        {"recipients": []},
        {"recipients": [{"address": "anna@example.com"}]},
        {"template_engine": "jinja"},
        {"skip_unsubscribe": "yes"},
        {"body": None},
        {"idempotence_key": "k" * 65},
    ],
)
def test_a_wrong_request_is_refused(change: dict[str, Any]) -> None:
    fake = UnisenderFake()
    with pytest.raises(AssertionError), fake.up():
        asked = {"message": {**_LETTER, **change}}
        answer = httpx.post(f"{fake.url}/v1/email/send.json", json=asked, headers={"X-API-KEY": KEY}, timeout=30)
        assert answer.status_code == 400
    assert not fake.sent and fake.description.violations


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"template": "letter.html"},
        {"template": "letter.html", "template_id": "t-1", "subject": "s", "from_email": SENDER},
        {"template_id": "t-1", "unsubscribe_url": "https://shop.example"},
        {"template": "letter.html", "subject": "two\nlines", "from_email": SENDER},
        {"template": "letter.html", "subject": "s", "from_email": "Shop <news@shop.example>"},
        {"template": "letter.html", "subject": "s", "from_email": SENDER, "track_read": "maybe"},
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SyncOptions.model_validate(options)


def test_a_letter_that_asks_for_what_is_not_mapped_is_told_before_anything_runs() -> None:
    check(target())
    with pytest.raises(DeclarationError, match="`nickname`"):
        check(target(subject="Hi {{ nickname }}"))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_letter_arrives_exactly_once(fake: UnisenderFake, tmp_path: Path, seed: int) -> None:
    fake.faults.script, fake.faults.rate = [Fault.LOSE_AFTER, Fault.FAIL, Fault.HALF_ANSWER], 0.5
    fake.faults._rng.seed(seed)
    fake.refusals = {email(7): "unsubscribed"}
    rows: list[tuple[str | None, str | None]] = [(email(number), f"Anna{number}") for number in range(1_200)]
    with (
        connected(fake, template="hello.txt", plain_template="", subject="s", unsubscribe_url="") as destination,
        closing(Sending(tmp_path, destination)) as bench,
    ):
        bench.want([*rows, ("not-an-address", "Nobody")])
        bench.run_to_the_end()
        bench.want([*rows, ("again@example.com", "Berta"), ("not-an-address", "Nobody")])
        bench.run_to_the_end()
        verdicts = bench.verdicts()
    rejected = {key for key, verdict in verdicts.items() if verdict is Verdict.REJECTED}
    assert rejected == {email(7), "not-an-address"}
    assert set(verdicts.values()) == {Verdict.OK, Verdict.REJECTED}
    assert sorted(letter["to"] for letter in fake.sent) == sorted(verdicts.keys() - rejected)
    assert fake.doubled == 0
