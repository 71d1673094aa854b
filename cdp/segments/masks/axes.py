"""Axes: a column cut into buckets, so finely that every condition on it holds in all of a bucket or in none of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from cdp.declarations.operands import hours
from cdp.declarations.rule import Condition, Duration, Leaf, Operator, Rule, Scalar
from cdp.declarations.traits import Kind, Trait

Buckets: TypeAlias = int
"""A set of buckets of one axis: bit n stands for bucket n. A complement is one XOR, however large the set."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A column cut at values. Missing values have the last bucket."""

    trait: Trait


@dataclass(frozen=True, slots=True)
class Windowed:
    """A moment cut at spans of time before `as_of`."""

    trait: Trait


@dataclass(frozen=True, slots=True)
class Listed:
    """A column of which rules name values: a bucket each, then one for all others, then one for missing ones."""

    trait: Trait


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that is evaluated as it stands: no is the first bucket, yes the second."""

    rule: Rule


Axis = Ordered | Windowed | Listed | Asked


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A cut just below a value, or just above it. Of a window, the value is minus the hours before `as_of`."""

    value: Any
    is_above: bool


_EXACT = 2**53


def axis_of(leaf: Leaf) -> Axis:
    """The axis on which a leaf is a set of buckets."""
    if not isinstance(leaf, Condition):
        return Asked(leaf)
    match leaf.operand:
        case Duration() as span:
            return Asked(leaf) if span.is_calendar else Windowed(leaf.trait)
    if leaf.trait.kind in (Kind.TEXT, Kind.YES_NO):
        return Listed(leaf.trait)
    # Beyond, whole numbers that differ may be the same floating-point number: which comes first is the engine's to say.
    if leaf.trait.kind is Kind.NUMBER and any(abs(value) >= _EXACT for value in _numbers(leaf)):
        return Asked(leaf)
    return Ordered(leaf.trait)


class Cuts:
    """The cuts that all `leaves` together make."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        found: dict[Axis, set[Any]] = defaultdict(set)
        for leaf in leaves:
            found[axis := axis_of(leaf)].update(_cuts(axis, leaf))
        self._cuts = {axis: sorted(cuts) for axis, cuts in found.items()}
        self._position = {axis: {cut: number for number, cut in enumerate(cuts)} for axis, cuts in self._cuts.items()}

    def __iter__(self) -> Iterator[Axis]:
        """Every axis, in the order in which leaves ask them."""
        return iter(self._cuts)

    def of(self, axis: Axis) -> list[Any]:
        """The edges of an ordered or windowed axis, the values of a listed one; sorted."""
        return self._cuts[axis]

    def size(self, axis: Axis) -> int:
        """How many buckets the axis has."""
        return 2 if isinstance(axis, Asked) else len(self._cuts[axis]) + 2

    def all_of(self, axis: Axis) -> Buckets:
        return (1 << self.size(axis)) - 1

    def where_holds(self, leaf: Leaf) -> tuple[Axis, Buckets]:
        """The buckets of its axis in which a leaf holds."""
        axis = axis_of(leaf)
        if isinstance(axis, Asked):
            return axis, 0b10
        assert isinstance(leaf, Condition)
        missing = 1 << self.size(axis) - 1
        known = self.all_of(axis) ^ missing
        match leaf.operator:
            case Operator.KNOWN:
                return axis, known if leaf.operand else missing
            case Operator.IS_NOT | Operator.NOT_IN:
                return axis, known & ~self._inside(axis, leaf)
            case _:
                return axis, known & self._inside(axis, leaf)

    def _inside(self, axis: Axis, leaf: Condition) -> Buckets:
        position = self._position[axis]
        if isinstance(axis, Listed):
            return sum(1 << position[value] for value in _values(leaf))
        end = self.size(axis) - 1
        return sum(
            (1 << (end if high is None else position[high] + 1)) - (1 << (0 if low is None else position[low] + 1))
            for low, high in _spans(leaf)
        )


def _cuts(axis: Axis, leaf: Leaf) -> Iterator[Any]:
    match axis, leaf:
        case Asked(), _:
            return
        case Listed(), Condition(operator=Operator.KNOWN):
            return
        case Listed(), Condition() as condition:
            yield from _values(condition)
        case _, Condition() as condition:
            yield from (edge for span in _spans(condition) for edge in span if edge is not None)


def _values(leaf: Condition) -> tuple[Scalar, ...]:
    assert not isinstance(leaf.operand, Duration)
    return leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)


def _numbers(leaf: Condition) -> Iterator[float]:
    return (value for value in _values(leaf) if isinstance(value, int | float))


def _spans(leaf: Condition) -> list[tuple[Edge | None, Edge | None]]:
    """From one edge to another, without an end where there is none; of `is not`, what it leaves out."""
    operand: Any = leaf.operand
    match leaf.operator:
        case Operator.KNOWN:
            spans: list[tuple[Edge | None, Edge | None]] = []
        case Operator.WITHIN_LAST:
            spans = [(Edge(-hours(operand), False), Edge(0, True))]
        case Operator.MORE_THAN_AGO:
            spans = [(None, Edge(-hours(operand), False))]
        case Operator.AT_LEAST | Operator.MORE_THAN:
            spans = [(Edge(operand, leaf.operator is Operator.MORE_THAN), None)]
        case Operator.AT_MOST | Operator.LESS_THAN:
            spans = [(None, Edge(operand, leaf.operator is Operator.AT_MOST))]
        case Operator.BETWEEN:
            spans = [(Edge(operand[0], False), Edge(operand[1], True))]
        case _:
            spans = [(Edge(value, False), Edge(value, True)) for value in dict.fromkeys(_values(leaf))]
    return spans
