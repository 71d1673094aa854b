"""What is Twilio's own: its refusals, what it may have sent, and how many segments a text is."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cdp.errors import DeclarationError
from reverse_etl.destinations import http
from reverse_etl.destinations.connector import Account, Secret
from reverse_etl.destinations.twilio.client import Twilio, check
from reverse_etl.destinations.twilio.config import AccountOptions, SyncOptions
from reverse_etl.destinations.twilio.segments import segments
from reverse_etl.engine.ports import Limit
from reverse_etl.engine.words import Reply, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import phone
from tests.contracts.fakes.twilio import ACCOUNT, SERVICE, TOKEN, TwilioFake, message, target
from tests.contracts.messages import batch_of
from tests.contracts.sending import SEEDS, Sending


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioFake]:
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(3.0))
    tool = TwilioFake()
    with tool.up():
        yield tool


@contextmanager
def connected(fake: TwilioFake, account: Mapping[str, str] = MappingProxyType({}), **options: str) -> Iterator[Twilio]:
    said = {"account_sid": ACCOUNT, **account}
    with closing(Twilio(Account("sms", fake.url, Secret(TOKEN), said), target(**options))) as destination:
        yield destination


def sent(fake: TwilioFake, row: dict[str, object], **options: str) -> Reply:
    with connected(fake, {}, **options) as destination:
        return destination.send(batch_of(row))


def test_a_message_has_an_id_there_and_its_text_once(fake: TwilioFake) -> None:
    reply = sent(fake, {**message(3), "first_name": "{{ 7*7 }} <b>Zoë</b>"})
    assert reply.rows[0].verdict is Verdict.OK
    assert reply.rows[0].remote_id == f"SM{1:032x}"
    assert fake.sent == [(phone(3), "Hi {{ 7*7 }} <b>Zoë</b>, your basket waits. Code 3")]
    assert fake.description.seen == {"POST /…/Accounts/…/Messages.json": 1}


def test_a_service_sends_and_says_what_became_of_which_message(fake: TwilioFake) -> None:
    options = {
        "from": "",
        "messaging_service_sid": SERVICE,
        "status_callback": "https://example.com/twilio",
        "validity_period": "3600",
    }
    assert sent(fake, message(1), **options).rows[0].verdict is Verdict.OK
    assert fake.forms[0] == {
        "To": phone(1),
        "Body": "Hi Anna1, your basket waits. Code 1",
        "MessagingServiceSid": SERVICE,
        "StatusCallback": "https://example.com/twilio?message=m0",
        "ValidityPeriod": "3600",
    }


def test_an_api_key_goes_in_the_place_of_the_account(fake: TwilioFake) -> None:
    with connected(fake, {"api_key_sid": "SK" + "0c" * 16}) as destination:
        reply = destination.send(batch_of(message(1)))
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "twilio_20003"), "this key is not one of the account's"


@pytest.mark.parametrize("code", [21211, 21408, 21610, 21612, 21614, 21635, 29999])
def test_what_is_about_one_message_refuses_that_message(fake: TwilioFake, code: int) -> None:
    fake.refusals = {phone(1): code}
    reply = sent(fake, message(1))
    assert (reply.verdict, reply.code) == (Verdict.REJECTED, f"twilio_{code}")
    assert reply.reason and phone(1) not in repr(reply)


@pytest.mark.parametrize("code", [21606, 21659, 21660, 21703, 21705])
def test_what_is_about_the_sender_stops_the_sync(fake: TwilioFake, code: int) -> None:
    fake.refusals = {phone(1): code}
    reply = sent(fake, message(1))
    assert (reply.verdict, reply.code) == (Verdict.FATAL, f"twilio_{code}")


def test_a_short_code_only_reaches_its_own_country(fake: TwilioFake) -> None:
    fake.refusals = {phone(1): 21659}
    assert sent(fake, message(1), **{"from": "12345"}).verdict is Verdict.REJECTED


def test_a_full_queue_is_left_alone_for_a_while(fake: TwilioFake) -> None:
    fake.refusals = {phone(1): 21611}
    reply = sent(fake, message(1))
    assert (reply.verdict, reply.is_lost, reply.retry_after) == (Verdict.RETRY, False, 600)


def test_too_many_requests_were_not_taken(fake: TwilioFake) -> None:
    fake.refusals = {phone(1): 20429}
    reply = sent(fake, message(1))
    assert (reply.verdict, reply.code, reply.is_lost) == (Verdict.RETRY, "http_429", False)


def test_a_failure_may_have_sent_the_message(fake: TwilioFake) -> None:
    fake.faults.script = [Fault.FAIL]
    reply = sent(fake, message(1))
    assert (reply.verdict, reply.code, reply.is_lost) == (Verdict.RETRY, "http_500", True)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"first_name": None}, "missing_value"),
        ({"to": None}, "no_number"),
        ({"to": "12"}, "twilio_21211"),
        ({"first_name": "x" * 200}, "too_long"),
    ],
)
def test_a_row_that_makes_no_message_is_refused_alone(fake: TwilioFake, row: dict[str, str], code: str) -> None:
    reply = sent(fake, {**message(1), **row}, max_segments="1")
    verdict = reply.per_row(1)[0]
    assert (verdict.verdict, verdict.code) == (Verdict.REJECTED, code)
    assert not fake.sent


def test_the_account_says_how_many_a_second(fake: TwilioFake) -> None:
    with connected(fake) as usual, connected(fake, {"messages_per_second": "100"}) as fast:
        assert usual.capabilities.limits == (Limit(60, seconds=60),)
        assert fast.capabilities.limits == (Limit(6_000, seconds=60),)


@pytest.mark.parametrize(
    "form",
    [
        {"Body": "no number", "From": "+15005550006"},
        {"To": "+4915100010001", "Body": "nobody sends it"},
        {"To": "+4915100010001", "Body": "two senders", "From": "+1", "MessagingServiceSid": SERVICE},
        {"To": "+4915100010001", "Body": "x", "From": "+1", "ValidityPeriod": "ten hours"},
    ],
)
def test_a_wrong_request_is_refused(form: dict[str, str]) -> None:
    fake = TwilioFake()
    with pytest.raises(AssertionError), fake.up():
        url = f"{fake.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        assert httpx.post(url, data=form, auth=(ACCOUNT, TOKEN)).status_code == 400
    assert not fake.sent and fake.description.violations


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 153 + "€" * 76 + "a" * 2, 3),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments_as_networks_count_them(text: str, count: int) -> None:
    assert segments(text) == count


@given(st.text(max_size=400), st.text(max_size=20))
def test_a_longer_text_is_never_fewer_segments(text: str, more: str) -> None:
    assert 1 <= segments(text) <= segments(text + more)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"template": "x.txt"},
        {"template": "x.txt", "from": "+15005550006", "messaging_service_sid": SERVICE},
        {"template": "x.txt", "from": "a name that is far too long"},
        {"template": "x.txt", "from": "+15005550006", "status_callback": "https://example.com/?already=there"},
        {"template": "x.txt", "from": "+15005550006", "subject": "?"},
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SyncOptions.model_validate(options)


@pytest.mark.parametrize("sid", ["", "AC12", "SK" + "0" * 32])
def test_an_account_has_a_sid(sid: str) -> None:
    with pytest.raises(ValidationError):
        AccountOptions.model_validate({"account_sid": sid})


def test_a_template_that_is_not_there_is_told_before_anything_runs() -> None:
    with pytest.raises(DeclarationError, match="there is no template"):
        check(target(template="nowhere.txt"))


def test_every_character_of_the_basic_alphabet_is_one() -> None:
    assert segments((string.ascii_letters + string.digits)[:62] * 2 + "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ" + "¤¡Ä") == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_sent_twice_and_what_cannot_be_known_is_unknown(fake: TwilioFake, tmp_path: Path, seed: int) -> None:
    rows = [(phone(number), f"Anna{number}") for number in range(30)]
    fake.faults.script, fake.faults.rate = [Fault.LOSE_AFTER], 0.4
    fake.faults._rng.seed(seed)
    with connected(fake, template="hello.txt") as destination, closing(Sending(tmp_path, destination)) as bench:
        bench.want([*rows, ("12", "Nobody")])
        bench.run_to_the_end()
        fake.faults.rate = 0.0
        bench.run_to_the_end()
        verdicts = bench.verdicts()
    arrived = {to for to, _ in fake.sent}
    assert fake.doubled == 0
    assert set(verdicts) == {key for key, _ in rows} | {"12"}
    assert verdicts["12"] in {Verdict.REJECTED, Verdict.UNKNOWN}
    assert {key for key, verdict in verdicts.items() if verdict is Verdict.OK} <= arrived
    assert arrived <= {key for key, verdict in verdicts.items() if verdict in {Verdict.OK, Verdict.UNKNOWN}}
    assert Verdict.UNKNOWN in verdicts.values(), "no answer was lost: the test shows nothing"
