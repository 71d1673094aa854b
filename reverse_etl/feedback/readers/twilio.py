"""Twilio: what became of an SMS (status callbacks), and what people answered.

It signs the address it calls and the fields of its form, by name, with the account's auth token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qs, parse_qsl, urlsplit

from cdp.declarations.addresses import AddressKind
from reverse_etl.feedback.words import Event, Kind, Posted, Reader, SignatureError, Trust, UnreadableError, code, text

_KINDS = {"delivered": Kind.DELIVERED, "undelivered": Kind.FAILED, "failed": Kind.FAILED}
_HAS_STOPPED = "21610"
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "СТОП"})
_MOST_FIELDS = 200


def verify(posted: Posted, trust: Trust) -> None:
    fields = sorted(set(_fields(posted)))
    signed = f"{trust.public_url.rstrip('/')}{posted.path}" + "".join(name + value for name, value in fields)
    expected = base64.b64encode(hmac.digest(trust.secret.encode(), signed.encode(), hashlib.sha1))
    if not hmac.compare_digest(expected, posted.headers.get("x-twilio-signature", "").encode()):
        raise SignatureError


def read(posted: Posted) -> list[Event]:
    said = dict(_fields(posted))
    sid = text(said.get("MessageSid") or said.get("SmsSid"))
    status = said.get("MessageStatus") or said.get("SmsStatus") or ""
    if not sid or not status:
        raise UnreadableError
    if status == "received":
        return [_answer(sid, said).judged()]
    if status not in _KINDS:
        return []
    error = code(said.get("ErrorCode"))
    kind = Kind.UNSUBSCRIBED if error == _HAS_STOPPED else _KINDS[status]
    keys = parse_qs(urlsplit(posted.path).query).get("message", [])
    event = Event(
        f"{sid}:{status}",
        kind,
        "sms",
        AddressKind.PHONE,
        text(said.get("To")),
        message_key=text(keys[0]) if keys else None,
        remote_id=sid,
        detail="" if kind is Kind.DELIVERED else error or status,
    )
    return [event.judged()]


def _answer(sid: str, said: dict[str, str]) -> Event:
    """What was written is looked at for a STOP, and not kept."""
    word = said.get("OptOutType", "").upper()
    has_stopped = word == "STOP" or said.get("Body", "").strip(" .!\"'\n").upper() in _STOP
    kind = Kind.UNSUBSCRIBED if has_stopped else Kind.REPLIED
    detail = "stop" if has_stopped else code(word.lower())
    return Event(f"{sid}:received", kind, "sms", AddressKind.PHONE, text(said.get("From")), detail=detail)


def _fields(posted: Posted) -> list[tuple[str, str]]:
    try:
        return parse_qsl(posted.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise SignatureError from None


READER = Reader(verify, read, needs_public_url=True)
