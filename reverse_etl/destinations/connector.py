"""What a connector is: a capability sheet, and a way to build a destination from settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from reverse_etl.engine.ports import Destination, Limit, Mode
from reverse_etl.feedback.words import Reader


@dataclass(frozen=True, slots=True)
class CapabilitySheet:
    """What a tool can do, and how much of it at once. See `reverse_etl.engine.ports.Capabilities`.

    `acknowledges` is the granularity of its answers. `idempotency`: it remembers a `key` we send, an operation said
    twice is `natural`ly the same as said once, or `none`: then a lost answer is `unknown` and never sent again.
    `limits` are those of the account. `reads_back` is how many keys it can be asked for at once, 0 where it does not
    say what it holds.
    """

    modes: frozenset[Mode]
    max_rows: int
    max_bytes: int
    limits: tuple[Limit, ...]
    acknowledges: Literal["row", "batch", "job"]
    idempotency: Literal["key", "natural", "none"]
    reads_back: int = 0

    @property
    def is_idempotent(self) -> bool:
        return self.idempotency != "none"


class Options(BaseModel):
    """What an account or a sync may say under `options:`; a connector has its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret:
    """A credential that does not print itself."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class Account:
    """Where one declared destination is, and how to be let in."""

    name: str
    base_url: str
    secret: Secret
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """What one sync keeps at an account: the remote list (a sync's `object`), how, and with which `options`.

    `fields` are the remote fields that it maps columns to; `templates` is the folder of the texts of messages.
    """

    name: str
    mode: Mode = "mirror"
    options: Mapping[str, str] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    templates: Path = Path("activation", "templates")


def takes_anything(_: Target) -> None:
    """Nothing more to ask of a sync than its modes, fields and options."""


def whole_object(_: Target) -> str:
    """A sync keeps the whole of its object."""
    return ""


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind of destination.

    `base_url` is where it is unless an account says otherwise, `schemes` what such an address may begin with, empty
    where it has to be said. `sandbox_tool` names the tool of the sandbox that stands in for it, where there is one.
    `hashing` is the dialect of the hashes that its fields have to be, empty where it takes plain values; `fields` are
    the only ones that it knows, empty where it takes any. `check` raises DeclarationError where what a sync says cannot
    be done, before anything runs. `reader` understands what it reports of messages, None where it does not report.
    `part` names the part of its object that a sync keeps, such as those who carry a tag: another part is another list.
    """

    capabilities: CapabilitySheet
    build: Callable[[Account, Target], Destination]
    base_url: str = ""
    schemes: frozenset[str] = frozenset({"http", "https"})
    needs_secret: bool = True
    account_options: type[Options] = Options
    sync_options: type[Options] = Options
    sandbox_tool: str | None = None
    hashing: str = ""
    fields: frozenset[str] = frozenset()
    check: Callable[[Target], None] = takes_anything
    reader: Reader | None = None
    part: Callable[[Target], str] = whole_object
