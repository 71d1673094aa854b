"""What a corruption is, and the list of them: adding one is writing a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.doubles.corruptions.day import Day

Spoil = Callable[[Day], None]
CORRUPTIONS: list[Corruption] = []
HARMLESS: list[Corruption] = []


@dataclass(frozen=True)
class Corruption:
    """A way to spoil a day. What a run says of it matches `where` (the table) and `cause` (what is wrong with it)."""

    name: str
    spoil: Spoil
    where: str = ""
    cause: str = ""
    is_rule: bool = False


def corruption(where: str, cause: str, *, is_rule: bool = False) -> Callable[[Spoil], Spoil]:
    """Something that must not get out: no tool may be called. `is_rule`: the code is wrong, not the data."""

    def add(spoil: Spoil) -> Spoil:
        CORRUPTIONS.append(Corruption(spoil.__name__, spoil, where, cause, is_rule))
        return spoil

    return add


def harmless(spoil: Spoil) -> Spoil:
    """Something odd that is made good on the way, and must not stop anything."""
    HARMLESS.append(Corruption(spoil.__name__, spoil))
    return spoil
