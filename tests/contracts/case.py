"""What a connector's tests need to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reverse_etl.destinations.connector import Account, Connector, Secret, Target
from reverse_etl.engine.ports import Mode
from reverse_etl.sandbox.faults import Fault
from tests.contracts.tools import Tool

Fields = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One connector before one tool.

    `key` makes the nth good key; `fields` its fields; `bad` is a row that the tool refuses alone, None where it cannot
    say so. `wrong_secret` is what the tool does not let in, None where it lets anybody in. `faults` are those that its
    network can have.
    """

    name: str
    connector: Connector
    serve: Callable[[Path], AbstractContextManager[Tool]]
    target: Target
    key: Callable[[int], str]
    fields: Callable[[int], Fields]
    bad: tuple[str, Fields] | None
    secret: str
    personal: list[str]
    options: Mapping[str, str] = field(default_factory=dict)
    wrong_secret: str | None = "wrong"
    faults: frozenset[Fault] = frozenset(Fault) - {Fault.NONE}
    refuses_too_many: bool = True

    def account(self, base_url: str, secret: str | None = None) -> Account:
        return Account(self.name, base_url, Secret(secret or self.secret), self.options)

    def in_mode(self, mode: Mode) -> Case:
        return replace(self, target=replace(self.target, mode=mode))

    def can(self, mode: Mode) -> bool:
        return mode in self.connector.capabilities.modes


def person(number: int) -> Fields:
    return {"customer_id": number, "first_name": f"Anna{number}"}


def email(number: int) -> str:
    return f"anna{number}@example.com"


def phone(number: int) -> str:
    return f"+4915100{number + 10001}"
