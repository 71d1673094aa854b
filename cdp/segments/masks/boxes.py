"""A rule as boxes: it holds for customers in any of them. A box is a set of buckets on each of some axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from cdp.declarations.rule import All, AnyOf, Condition, Membership, Not, Rule
from cdp.segments.masks.axes import Axis, Buckets, Cuts

Box = dict[Axis, Buckets]
MOST_BOXES, MOST_OVERLAPS = 16, 64


class TooManyBoxesError(Exception):
    """A rule whose alternatives multiply: it is cheaper as the predicate that it is."""


def boxes_of(rule: Rule, cuts: Cuts) -> list[Box]:
    """None where nobody can be in, one without axes where everybody is.

    Raises TooManyBoxesError above MOST_BOXES.
    """
    return _Boxes(cuts).of(rule, holds=True)


class _Boxes:
    def __init__(self, cuts: Cuts) -> None:
        self._cuts = cuts

    def of(self, rule: Rule, *, holds: bool) -> list[Box]:
        """The boxes in which the rule holds or, unless `holds`, does not. Every leaf is true or false."""
        match rule:
            case Not(child):
                return self.of(child, holds=not holds)
            case All(rules):
                return self._joined(rules, holds, is_all=holds)
            case AnyOf(rules):
                return self._joined(rules, holds, is_all=not holds)
            case Condition() | Membership():
                axis, buckets = self._cuts.where_holds(rule)
                return self._box(axis, buckets if holds else self._cuts.all_of(axis) ^ buckets)

    def _box(self, axis: Axis, buckets: Buckets) -> list[Box]:
        if buckets == self._cuts.all_of(axis):
            return [{}]
        return [{axis: buckets}] if buckets else []

    def _joined(self, rules: Sequence[Rule], holds: bool, *, is_all: bool) -> list[Box]:
        parts = (self.of(child, holds=holds) for child in rules)
        boxes: list[Box] = [{}] if is_all else []
        for part in parts:
            if is_all and len(boxes) * len(part) > MOST_OVERLAPS:
                raise TooManyBoxesError
            boxes = self._merged(_overlaps(boxes, part) if is_all else boxes + part)
            if len(boxes) > MOST_BOXES:
                raise TooManyBoxesError
        return boxes

    def _merged(self, boxes: Iterable[Box]) -> list[Box]:
        """Fewer boxes that cover the same."""
        left = list(boxes)
        while (found := next(filter(None, (self._pair(a, b) for a, b in combinations(left, 2))), None)) is not None:
            a, b, merged = found
            left = [box for box in left if box is not a and box is not b] + [merged]
        return left

    def _pair(self, a: Box, b: Box) -> tuple[Box, Box, Box] | None:
        """Two boxes and the one that covers exactly both, if there is one."""
        if _covers(a, b):
            return a, b, a
        if _covers(b, a):
            return a, b, b
        different = [axis for axis in a if a[axis] != b.get(axis)]
        if a.keys() != b.keys() or len(different) != 1:
            return None
        (axis,) = different
        union = a[axis] | b[axis]
        rest = {other: buckets for other, buckets in a.items() if other != axis}
        return a, b, rest if union == self._cuts.all_of(axis) else {**rest, axis: union}


def _overlaps(left: Iterable[Box], right: Sequence[Box]) -> list[Box]:
    overlaps = [{**a, **{axis: a.get(axis, -1) & buckets for axis, buckets in b.items()}} for a in left for b in right]
    return [box for box in overlaps if all(box.values())]


def _covers(outer: Box, inner: Box) -> bool:
    return all(axis in inner and inner[axis] & ~buckets == 0 for axis, buckets in outer.items())
