"""Axes that are looked up together: the buckets on all of them as one number, worked out once for all words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod

from sqlglot import exp

from cdp.segments.masks.axes import Axis, Cuts

# For each word that reads a joint, so many places: numbering costs once, a look-up in each word, and places are text.
PLACES_PER_WORD, MOST_PLACES = 64, 256


@dataclass(frozen=True, slots=True)
class Joint:
    """A few axes. Every combination of their buckets has a place, the last axis the fastest."""

    axes: tuple[Axis, ...]

    def size(self, cuts: Cuts) -> int:
        return prod(map(cuts.size, self.axes))

    def number(self, cuts: Cuts, bucket_number: Callable[[Axis], exp.Expr]) -> exp.Expr:
        """The place of a customer, from one, where `bucket_number` counts from one too."""
        first, *others = self.axes
        number = bucket_number(first)
        for axis in others:
            before = exp.paren(exp.Sub(this=exp.paren(number), expression=exp.Literal.number(1)))
            width = exp.Literal.number(cuts.size(axis))
            number = exp.Add(this=exp.Mul(this=before, expression=width), expression=exp.paren(bucket_number(axis)))
        return number


def joints(axes: Iterable[Axis], cuts: Cuts, words: int) -> list[Joint]:
    """Every axis in one joint: the widest axes first, each where it still fits. For one word it would not pay."""
    if words == 1:
        return [Joint((axis,)) for axis in axes]
    most = min(MOST_PLACES, PLACES_PER_WORD * words)
    found: list[Joint] = []
    for axis in sorted(axes, key=cuts.size, reverse=True):
        place = next((n for n, joint in enumerate(found) if joint.size(cuts) * cuts.size(axis) <= most), None)
        if place is None:
            found.append(Joint((axis,)))
        else:
            found[place] = Joint((*found[place].axes, axis))
    return found
