"""A segment's rule as a tree of plain values, checked and typed. A marketer writes it in YAML; SQL is made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from cdp.declarations.traits import Trait
from cdp.errors import Location


class Operator(StrEnum):
    """How a condition compares; each value is the key that YAML uses."""

    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    NOT_IN = "not_in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    BETWEEN = "between"
    KNOWN = "known"
    WITHIN_LAST = "within_last"
    MORE_THAN_AGO = "more_than_ago"


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of time before `as_of`."""

    count: int
    unit: Literal["day", "hour", "calendar day"]

    @property
    def is_calendar(self) -> bool:
        """Whether it starts at a midnight of the customer's own time zone; today counts as the first day."""
        return self.unit == "calendar day"

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


Scalar = int | float | str | bool | datetime | date
Operand = Scalar | Duration | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of one trait. Never null: a customer without a value does not meet it."""

    trait: Trait
    operator: Operator
    operand: Operand


@dataclass(frozen=True, slots=True)
class Membership:
    """Being in another segment; `where` is the line that says so."""

    segment: str
    where: Location = field(compare=False)


@dataclass(frozen=True, slots=True)
class All:
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    rule: Rule


Leaf = Condition | Membership
Rule = Leaf | All | AnyOf | Not


def leaves(rule: Rule) -> Iterator[Leaf]:
    """Every leaf, left to right, as often as it is written."""
    match rule:
        case All(rules) | AnyOf(rules):
            for child in rules:
                yield from leaves(child)
        case Not(child):
            yield from leaves(child)
        case Condition() | Membership():
            yield rule
