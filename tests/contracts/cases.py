"""What a connector's tests need to know of it. A new destination is one line in `DESTINATIONS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.served import KEYS

Fields = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """`key` makes the nth good key; `fields` its fields; `bad` is a row that the tool refuses alone."""

    name: str
    list_name: str
    key: Callable[[int], str]
    fields: Callable[[int], Fields]
    bad: tuple[str, Fields]
    personal: list[str] = field(default_factory=list)

    @property
    def secret(self) -> str:
        return KEYS[self.name]


def _person(number: int) -> Fields:
    return {"customer_id": number, "first_name": f"Anna{number}"}


def _hashes(number: int) -> Fields:
    return {"email_sha256": f"{number:064x}", "phone_sha256": None}


def _email(number: int) -> str:
    return f"anna{number}@example.com"


def _phone(number: int) -> str:
    return f"+4915100{number + 10001}"


_NO_HASH = {"email_sha256": "x", "phone_sha256": None}

DESTINATIONS = [
    Case("esp", "newsletter", _email, _person, ("not-an-address", _person(0)), ["anna", "Anna"]),
    Case("sms", "cart-reminder", _phone, _person, ("12", _person(0)), ["+49151", "Anna"]),
    Case("ads", "champions", str, _hashes, ("9", _NO_HASH), ["0000000"]),
]
