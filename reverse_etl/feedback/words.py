"""What is posted to the receiver, and what it says of a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cdp.declarations.addresses import AddressKind

_LONGEST = 500
_CODE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class SignatureError(Exception):
    """It was not posted by who it says, or not now."""


class UnreadableError(Exception):
    """It was posted by the tool, and is not of the shape that its documentation has."""


class Kind(StrEnum):
    """What happened to a message, or because of it. `unreadable` is an event that does not say what it has to."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    FAILED = "failed"
    REPLIED = "replied"
    UNREADABLE = "unreadable"


# Of these, whose address it is must be said: they are about the person, not about the message.
ABOUT_PEOPLE = frozenset({Kind.BOUNCED, Kind.COMPLAINED, Kind.UNSUBSCRIBED})


@dataclass(frozen=True, slots=True)
class Posted:
    """One call as it came in; header names are in lower case, `now` is epoch seconds."""

    body: bytes
    headers: Mapping[str, str]
    path: str
    now: float


@dataclass(frozen=True, slots=True)
class Trust:
    """What a destination's calls are verified with."""

    name: str
    secret: str = field(repr=False)
    public_url: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a tool reports. `event_id` is unique at the destination; `occurred_at` is naive UTC.

    `detail` is a code: `hard` or `soft` of a bounce, else whatever number or word the tool has.
    """

    event_id: str
    kind: Kind
    channel: str
    address_kind: AddressKind | None = None
    address: str | None = field(default=None, repr=False)
    message_key: str | None = None
    remote_id: str | None = None
    campaign: str | None = None
    occurred_at: datetime | None = None
    detail: str = ""

    def judged(self) -> Event:
        """The event itself, or that it is unreadable."""
        if self.kind in ABOUT_PEOPLE and not self.address:
            return Event(self.event_id, Kind.UNREADABLE, self.channel, detail=f"{self.kind}_without_address")
        return self


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of tool reports.

    `verify` raises SignatureError; it works on the raw body. `read` raises UnreadableError; what it does not report on,
    such as a message that was queued, it leaves out. `needs_public_url` where the tool signs the address it calls.
    """

    verify: Callable[[Posted, Trust], None]
    read: Callable[[Posted], list[Event]]
    check: Callable[[Trust], object] = lambda _: None
    needs_public_url: bool = False


def text(value: Any) -> str | None:
    """A short text or a number, else None."""
    if value is None or isinstance(value, bool | dict | list):
        return None
    said = str(value).strip()
    return said if 0 < len(said) <= _LONGEST and "\0" not in said else None


def code(value: Any) -> str:
    """A code in ASCII, else nothing: what people wrote is not kept."""
    said = text(value) or ""
    return said if _CODE.fullmatch(said) else ""


def moment(value: Any) -> datetime | None:
    """Naive UTC from ISO 8601, where it has no zone UTC, or from epoch seconds; else None."""
    try:
        if isinstance(value, int | float):
            found = datetime.fromtimestamp(value, UTC)
        else:
            found = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
