"""Anybody who signs as Standard Webhooks has it, and says `{"type": "delivered", "timestamp": …, "data": {…}}`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import orjson

from cdp.declarations.addresses import AddressKind
from reverse_etl.destinations.connector import Account, Secret
from reverse_etl.feedback.words import (
    Event,
    Kind,
    Posted,
    Reader,
    SignatureError,
    Trust,
    UnreadableError,
    code,
    moment,
    text,
)
from reverse_etl.standard_webhooks import keys_of

TOLERANCE_SECONDS = 300
_VERSION = "v1,"
_WORDS = {kind.value for kind in Kind} - {Kind.UNREADABLE}


def verify(posted: Posted, trust: Trust) -> None:
    """Any of the signatures may be by any of the keys: while a key is being changed there are two of both."""
    name, sent_at = posted.headers.get("webhook-id", ""), posted.headers.get("webhook-timestamp", "")
    if not name or not sent_at.isascii() or not sent_at.isdecimal():
        raise SignatureError
    if len(sent_at) > 12 or abs(posted.now - int(sent_at)) > TOLERANCE_SECONDS:
        raise SignatureError
    signed = f"{name}.{sent_at}.".encode() + posted.body
    given = [_digest(one) for one in posted.headers.get("webhook-signature", "").split()]
    expected = [hmac.digest(key, signed, hashlib.sha256) for key in _keys(trust)]
    if not any(hmac.compare_digest(one, other) for one in given for other in expected):
        raise SignatureError


def read(posted: Posted) -> list[Event]:
    try:
        said = orjson.loads(posted.body)
        word, data = str(said["type"]).rpartition(".")[2], said["data"]
        email, phone = text(data.get("email")), text(data.get("phone"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableError from None
    if word not in _WORDS:
        return []
    event = Event(
        event_id=posted.headers["webhook-id"],
        kind=Kind(word),
        channel="email" if email else "sms" if phone else code(data.get("channel")) or "unknown",
        address_kind=AddressKind.EMAIL if email else AddressKind.PHONE if phone else None,
        address=email or phone,
        message_key=text(data.get("message")),
        remote_id=text(data.get("id")),
        campaign=text(data.get("campaign")),
        occurred_at=moment(said.get("timestamp")),
        detail=code(data.get("detail")),
    )
    return [event.judged()]


def _keys(trust: Trust) -> list[bytes]:
    return keys_of(Account(trust.name, "", Secret(trust.secret)))


def _digest(signature: str) -> bytes:
    try:
        return (
            base64.b64decode(signature.removeprefix(_VERSION), validate=True) if signature.startswith(_VERSION) else b""
        )
    except (binascii.Error, ValueError):
        return b""


READER = Reader(verify, read, check=_keys)
