"""What is the webhook's own among the destinations: signatures, answers of receivers, and the shape of an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.webhook.client import CONNECTOR, Webhook
from reverse_etl.engine.ports import Limit
from reverse_etl.engine.words import KEY, ROW_HASH, Batch, Operation, Reply, Verdict
from reverse_etl.standard_webhooks import headers_of
from tests.contracts.fakes.webhook import CASE, OBJECT, OTHER_SECRET, SECRET, WebhookFake, webhook_receiver

Row = tuple[str, dict[str, Any]]
ROWS: list[Row] = [("a@example.com", {"tier": "gold"}), ("b@example.com", {"tier": None})]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[WebhookFake]:
    with webhook_receiver(tmp_path) as up:
        yield up


def batch(rows: Sequence[Row], operation: Operation = Operation.ADD, name: str = "list-1-0.1") -> Batch:
    return Batch(0, operation, name, pa.RecordBatch.from_pylist([{KEY: k, ROW_HASH: "h", **f} for k, f in rows]))


def sent(account: Account, what: Batch, **options: str) -> Reply:
    built = CONNECTOR.build(account, replace(CASE.target, options=options))
    reply = built.send(what)
    built.close()
    return reply


def test_an_event_names_its_operation_and_has_its_rows(receiver: WebhookFake) -> None:
    account = CASE.account(receiver.url)
    for operation in Operation:
        assert sent(account, batch(ROWS, operation, f"b-{operation}")).verdict is Verdict.OK
    rows = [{"key": key, "fields": fields} for key, fields in ROWS]
    assert receiver.events["b-add"] == {"type": "newsletter.add", "data": {"rows": rows}}
    assert receiver.events["b-update"] == {"type": "newsletter.update", "data": {"rows": rows}}
    assert receiver.events["b-remove"]["data"] == {"rows": [{"key": key} for key, _ in ROWS]}
    assert receiver.description.seen == {"POST /hooks/cdp": 3}


def test_an_event_may_be_one_row(receiver: WebhookFake) -> None:
    account = CASE.account(receiver.url)
    assert sent(account, batch(ROWS[:1], name="b1"), rows_per_call="1").verdict is Verdict.OK
    assert receiver.events["b1"]["data"] == {"key": "a@example.com", "fields": {"tier": "gold"}}


def test_rows_that_were_queued_when_a_call_took_more_are_divided_and_not_dropped(receiver: WebhookFake) -> None:
    reply = sent(CASE.account(receiver.url), batch(ROWS), rows_per_call="1")
    assert (reply.verdict, reply.rows) == (Verdict.REJECTED, {})


def test_values_that_json_does_not_have_are_texts(receiver: WebhookFake) -> None:
    values = {"cents": Decimal("1.20"), "at": datetime(2026, 1, 2, 3, 4, 5), "text": '"\n✓'}
    assert sent(CASE.account(receiver.url), batch([("a", values)], name="b1")).verdict is Verdict.OK
    taken = receiver.events["b1"]["data"]["rows"][0]["fields"]
    assert taken == {"cents": "1.20", "at": "2026-01-02T03:04:05", "text": '"\n✓'}


def test_an_attempt_has_the_same_id_and_a_moment_of_its_own() -> None:
    """The example of the specification, whose id has no dot: it divides what is signed."""
    first, second = (headers_of([b"k" * 24], "list-1-0.1", moment, b"{}") for moment in (1_674_087_231, 1_674_087_232))
    assert first["webhook-id"] == second["webhook-id"] == "list-1-0_1"
    assert first["webhook-signature"] != second["webhook-signature"]


def test_the_signature_is_the_published_one() -> None:
    """Made with `printf … | openssl dgst -sha256 -hmac …`, as the specification has it."""
    headers = headers_of([b"k" * 24], "msg_1", 1_674_087_231, b'{"type":"x"}')
    assert headers["webhook-signature"] == "v1,eXpM43tZtQ407CLPywOfszkjv9Yzm0ctl3MlqovWiIs="


def test_while_a_key_is_changed_both_sign(receiver: WebhookFake) -> None:
    account = CASE.account(receiver.url, f"{OTHER_SECRET} {SECRET}")
    assert sent(account, batch(ROWS)).verdict is Verdict.OK


def test_an_old_moment_is_not_believed(receiver: WebhookFake) -> None:
    late = Webhook(CASE.account(receiver.url), CASE.target, wall=lambda: 1_600_000_000.0)
    reply = late.send(batch(ROWS))
    late.close()
    assert (reply.verdict, reply.code, receiver.events) == (Verdict.FATAL, "http_401", {})


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 410])
def test_who_moved_or_wants_no_more_stops_the_sync(receiver: WebhookFake, status: int) -> None:
    receiver.answer = status
    reply = sent(CASE.account(receiver.url), batch(ROWS))
    assert (reply.verdict, reply.code) == (Verdict.FATAL, f"http_{status}")
    assert receiver.description.seen == {"POST /hooks/cdp": 1}, "a redirect must not be followed"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_who_is_busy_says_when_to_come_back(receiver: WebhookFake, status: int) -> None:
    receiver.answer = status
    reply = sent(CASE.account(receiver.url), batch(ROWS))
    assert (reply.verdict, reply.retry_after, reply.is_lost) == (Verdict.RETRY, 7, False)


def test_what_a_receiver_cannot_bear_is_refused_whole(receiver: WebhookFake) -> None:
    receiver.bad = "b@example.com"
    reply = sent(CASE.account(receiver.url), batch(ROWS))
    assert (reply.verdict, reply.rows, receiver.members()) == (Verdict.REJECTED, {}, set())


def test_the_pace_is_the_account_s(receiver: WebhookFake) -> None:
    account = replace(CASE.account(receiver.url), options={"calls_per_second": "3"})
    built = CONNECTOR.build(account, replace(CASE.target, options={"rows_per_call": "20"}))
    built.close()
    assert (tuple(built.capabilities.limits), built.capabilities.max_rows) == ((Limit(3, seconds=1),), 20)


@pytest.mark.parametrize("secret", ["plain", "whsec_c2hvcnQ=", "whsec_%%%", f"{SECRET} whsec_x"])
def test_what_is_no_signing_key_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="no signing key") as told:
        CONNECTOR.build(CASE.account("http://127.0.0.1:9", secret), CASE.target)
    assert secret not in str(told.value)


@pytest.mark.parametrize("url", ["http://hooks.example.com/cdp", "https://crm:hush@hooks.example.com"])
def test_an_address_that_betrays_something_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        CONNECTOR.build(CASE.account(url), CASE.target)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize("path", ["", "/", "/hooks/cdp", "/hooks/cdp/", "/hooks?to=cdp&x=1"])
def test_the_address_is_called_as_it_is_written(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(_: httpx.Client, request: httpx.Request, **__: Any) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(204, request=request)

    monkeypatch.setattr(httpx.Client, "send", answer)
    assert sent(CASE.account(f"https://hooks.example.com{path}"), batch(ROWS)).verdict is Verdict.OK
    assert asked == [f"https://hooks.example.com{path or '/'}"]


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("type", f"{OBJECT}.wipe"),
        ("data", {"rows": []}),
        ("data", {"rows": [{"fields": {}}]}),
        ("timestamp", "now"),
    ],
)
def test_the_receiver_refuses_what_is_no_event_of_ours(change: str, value: Any, tmp_path: Path) -> None:
    """The stand-in has teeth."""
    event = {"type": f"{OBJECT}.add", "data": {"key": "a", "fields": {}}, change: value}
    with pytest.raises(AssertionError), webhook_receiver(tmp_path) as receiver:
        headers = {"webhook-id": "a", "webhook-timestamp": "1674087231", "webhook-signature": f"v1,{'A' * 43}="}
        assert httpx.post(receiver.url, json=event, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("header", "value"), [("webhook-id", "a.b"), ("webhook-timestamp", "now"), ("webhook-signature", "v1,short")]
)
def test_the_receiver_refuses_headers_that_are_not_standard(header: str, value: str, tmp_path: Path) -> None:
    """The stand-in has teeth."""
    good = {"webhook-id": "a", "webhook-timestamp": "1674087231", "webhook-signature": f"v1,{'A' * 43}="}
    event = {"type": f"{OBJECT}.add", "data": {"key": "a", "fields": {}}}
    with pytest.raises(AssertionError), webhook_receiver(tmp_path) as receiver:
        assert httpx.post(receiver.url, json=event, headers={**good, header: value}).status_code == 400
