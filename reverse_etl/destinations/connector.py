"""What a connector is: a capability sheet, and a way to build a destination from settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from reverse_etl.engine.ports import Destination, Limit, Mode


@dataclass(frozen=True, slots=True)
class CapabilitySheet:
    """What a tool can do, and how much of it at once. See `reverse_etl.engine.ports.Capabilities`.

    `acknowledges` is the granularity of its answers. `idempotency`: it remembers a `key` we send, an operation said
    twice is `natural`ly the same as said once, or `none`: then a lost answer is `unknown` and never sent again.
    `limits` are those of the account.
    """

    modes: frozenset[Mode]
    max_rows: int
    max_bytes: int
    limits: tuple[Limit, ...]
    acknowledges: Literal["row", "batch", "job"]
    idempotency: Literal["key", "natural", "none"]

    @property
    def is_idempotent(self) -> bool:
        return self.idempotency != "none"


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
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """What one sync keeps at an account: the remote list (a sync's `object`), and how."""

    name: str
    mode: Mode = "mirror"


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind of destination.

    `sandbox_tool` names the tool of the sandbox that stands in for it, where there is one.
    """

    capabilities: CapabilitySheet
    build: Callable[[Account, Target], Destination]
    sandbox_tool: str | None = None
