"""Klaviyo's system webhooks: events of e-mails and SMS, many to a call.

It signs body and moment with the key of the webhook. A call that is repeated has the same ids of events.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from cdp.declarations.addresses import AddressKind
from reverse_etl.feedback.words import Event, Kind, Posted, Reader, SignatureError, Trust, UnreadableError, moment, text

_TOPIC = "event:klaviyo."
# By topic: what happened, and by which channel.
_KINDS = {
    "email_delivered": (Kind.DELIVERED, "email"),
    "received_email": (Kind.DELIVERED, "email"),
    "opened_email": (Kind.OPENED, "email"),
    "clicked_email": (Kind.CLICKED, "email"),
    "bounced_email": (Kind.BOUNCED, "email"),
    "marked_email_as_spam": (Kind.COMPLAINED, "email"),
    "unsubscribed_from_email_marketing": (Kind.UNSUBSCRIBED, "email"),
    "sms_delivered": (Kind.DELIVERED, "sms"),
    "clicked_sms": (Kind.CLICKED, "sms"),
    "failed_to_deliver_sms": (Kind.FAILED, "sms"),
    "unsubscribed_from_sms_marketing": (Kind.UNSUBSCRIBED, "sms"),
}


def verify(posted: Posted, trust: Trust) -> None:
    signed = posted.body + posted.headers.get("klaviyo-timestamp", "").encode()
    given = posted.headers.get("klaviyo-signature", "").encode()
    keys = trust.secret.split()
    if not any(hmac.compare_digest(_digest(key, signed), given) for key in keys):
        raise SignatureError


def read(posted: Posted) -> list[Event]:
    try:
        body = orjson.loads(posted.body)
        topics = [(str(item["topic"]).removeprefix(_TOPIC), item) for item in body["data"]]
        return [_event(item, *_KINDS[topic]).judged() for topic, item in topics if topic in _KINDS]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableError from None


def _event(item: Mapping[str, Any], kind: Kind, channel: str) -> Event:
    payload = item["payload"]
    attributes = payload["data"]["attributes"]
    said = attributes.get("event_properties") or {}
    people = [one["attributes"] for one in payload.get("included") or [] if one.get("type") == "profile"]
    person = people[0] if people else {}
    is_email = channel == "email"
    shown = said.get("Recipient Email Address") or person.get("email") if is_email else person.get("phone_number")
    return Event(
        event_id=str(item["external_id"]),
        kind=kind,
        channel=channel,
        address_kind=AddressKind.EMAIL if is_email else AddressKind.PHONE,
        address=text(shown),
        remote_id=text(said.get("$message")),
        campaign=text(said.get("Campaign Name")),
        occurred_at=moment(attributes.get("datetime") or attributes.get("timestamp")),
        detail=_bounce(said) if kind is Kind.BOUNCED else "",
    )


def _bounce(said: Mapping[str, Any]) -> str:
    return "hard" if str(said.get("Bounce Type", "")).casefold() == "hard" else "soft"


def _digest(key: str, signed: bytes) -> bytes:
    return hmac.digest(key.encode(), signed, hashlib.sha256).hex().encode()


READER = Reader(verify, read)
