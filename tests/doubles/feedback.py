"""Calls as tools make them to report, signed with code of their own; and a receiver for them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx

from cdp.store import Store
from reverse_etl.destinations.registry import readers
from reverse_etl.feedback.inbox import Inbox
from reverse_etl.feedback.receiver import Call, Mailbox, Receiving, build_receiver
from reverse_etl.feedback.words import Trust
from reverse_etl.sandbox.faults import Faults
from tests.doubles.moments import MORNING
from tests.doubles.served import served

PUBLIC_URL = "https://cdp.example.com"
WALL = 1_714_543_200
KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
SECRETS = {
    "hook": f"whsec_{KEY}",
    "sms": "auth-token-of-twilio",
    "mail": "api-key-of-unisender",
    "flow": "key-of-klaviyo",
}
TYPES = {"hook": "webhook", "sms": "twilio", "mail": "unisender_go", "flow": "klaviyo"}


class Standstill:
    """See `cdp.clock.Clock`: it is always morning."""

    def now(self) -> datetime:
        return MORNING


@dataclass(frozen=True)
class Shot:
    """One call, ready to be posted."""

    path: str
    body: bytes
    headers: Mapping[str, str]


def hook(word: str, name: str = "msg_1", *, at: int = WALL, path: str = "/feedback/hook", **data: object) -> Shot:
    """Standard Webhooks, of what happened a minute ago."""
    happened = datetime.fromtimestamp(at - 60, UTC)
    said = {"type": f"message.{word}", "timestamp": happened.isoformat(), "data": data}
    body = json.dumps(said).encode()
    digest = hmac.new(base64.b64decode(KEY), f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return Shot(path, body, {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": signature})


def now_hook(word: str, name: str, path: str, **data: object) -> Shot:
    """The same, signed now."""
    return hook(word, name, at=int(time.time()), path=path, **data)


def sms(path: str = "/feedback/sms", **fields: str) -> Shot:
    signed = PUBLIC_URL + path + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    digest = hmac.new(SECRETS["sms"].encode(), signed.encode(), hashlib.sha1).digest()
    headers = {
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return Shot(path, urlencode(fields).encode(), headers)


def mail(*events: Mapping[str, object]) -> Shot:
    named = [{"event_name": "transactional_email_status", "event_data": event} for event in events]
    whole = json.dumps({"auth": SECRETS["mail"], "events_by_user": [{"user_id": 1, "events": named}]})
    digest = hashlib.md5(whole.encode(), usedforsecurity=False).hexdigest()
    return Shot("/feedback/mail", whole.replace(SECRETS["mail"], digest, 1).encode(), {})


def letter(status: str, email: str = "anna@example.com", **others: object) -> dict[str, object]:
    """One event of Unisender Go."""
    told = {"message": "key-1", "campaign": "welcome"}
    return {
        "job_id": "1a-B",
        "metadata": told,
        "email": email,
        "status": status,
        "event_time": "2024-05-01 05:00:00",
    } | (others)


def flow(topic: str, name: str = "ev1", **properties: object) -> Shot:
    event = {"type": "event", "attributes": {"event_properties": properties, "datetime": "2024-05-01T05:00:00+00:00"}}
    person = {"type": "profile", "attributes": {"email": "anna@example.com", "phone_number": "+12025550101"}}
    item = {"external_id": name, "topic": f"event:klaviyo.{topic}", "payload": {"data": event, "included": [person]}}
    body = json.dumps({"data": [item], "meta": {}}).encode()
    stamp = "2024-05-01T06:00:00+00:00"
    digest = hmac.new(SECRETS["flow"].encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
    return Shot("/feedback/flow", body, {"Klaviyo-Timestamp": stamp, "Klaviyo-Signature": digest})


def receiving(store: Store, **settings: object) -> Receiving:
    mailboxes = {
        name: Mailbox(Trust(name, secret, PUBLIC_URL), readers()[TYPES[name]]) for name, secret in SECRETS.items()
    }
    defaults = {"inbox": Inbox(store), "wall": lambda: float(WALL)}
    return Receiving(mailboxes=mailboxes, clock=Standstill(), **(defaults | settings))  # type: ignore[arg-type]


@dataclass
class Receiver:
    """A receiver that answers over HTTP, and what it saw."""

    url: str
    calls: list[Call]

    def post(self, shot: Shot, body: bytes | None = None, **headers: str) -> httpx.Response:
        sent = shot.body if body is None else body
        return httpx.post(self.url + shot.path, content=sent, headers={**shot.headers, **headers})


@contextmanager
def served_receiver(store: Store, **settings: object) -> Iterator[Receiver]:
    calls: list[Call] = []
    with served(build_receiver(receiving(store, observe=calls.append, **settings)), Faults()) as url:
        yield Receiver(url, calls)
