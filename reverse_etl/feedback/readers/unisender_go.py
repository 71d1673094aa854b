"""Unisender Go: statuses of e-mails, many to a call.

The body holds its own signature: the MD5 of itself with the API key in the place of the signature.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from cdp.declarations.addresses import AddressKind
from reverse_etl.feedback.words import Event, Kind, Posted, Reader, SignatureError, Trust, UnreadableError, moment, text

# The first of that name: a value of somebody's further on in the body is never taken for it.
_AUTH = re.compile(rb'"auth"\s*:\s*"([0-9a-f]{32})"')
_KINDS = {
    "delivered": (Kind.DELIVERED, ""),
    "opened": (Kind.OPENED, ""),
    "clicked": (Kind.CLICKED, ""),
    "hard_bounced": (Kind.BOUNCED, "hard"),
    "soft_bounced": (Kind.BOUNCED, "soft"),
    "spam": (Kind.COMPLAINED, ""),
    "unsubscribed": (Kind.UNSUBSCRIBED, ""),
}


def verify(posted: Posted, trust: Trust) -> None:
    found = _AUTH.search(posted.body)
    if found is None:
        raise SignatureError
    signed = posted.body[: found.start(1)] + trust.secret.encode() + posted.body[found.end(1) :]
    expected = hashlib.md5(signed, usedforsecurity=False).hexdigest().encode()
    if not hmac.compare_digest(expected, found[1]):
        raise SignatureError


def read(posted: Posted) -> list[Event]:
    try:
        body = orjson.loads(posted.body)
        return [event for user in body["events_by_user"] for event in _events(user["events"])]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableError from None


def _events(events: list[dict[str, Any]]) -> Iterator[Event]:
    for event in events:
        data = event["event_data"]
        if event["event_name"] == "transactional_email_status" and data.get("status") in _KINDS:
            yield _event(data).judged()


def _event(data: Mapping[str, Any]) -> Event:
    kind, detail = _KINDS[data["status"]]
    about = data.get("metadata") or {}
    # It gives its events no name: the same event is the same words, however they are gathered into calls.
    name = hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Event(
        event_id=name,
        kind=kind,
        channel="email",
        address_kind=AddressKind.EMAIL,
        address=text(data.get("email")),
        message_key=text(about.get("message")),
        remote_id=text(data.get("job_id")),
        campaign=text(about.get("campaign")),
        occurred_at=moment(data.get("event_time")),
        detail=detail,
    )


READER = Reader(verify, read)
