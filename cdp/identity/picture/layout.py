"""Where everything stands: values in a middle column, records left and right of it, each near what it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cdp.identity.picture.contents import Box, Circle, Contents

ROW, BOX_HEIGHT, BOX_WIDTH, RADIUS = 54, 30, 250, 9
TOP, MARGIN, GAP = 100, 24, 260
_ROUNDS = 12

Item = TypeVar("Item", Box, Circle)


@dataclass(frozen=True, slots=True)
class Place:
    """Centre, in pixels."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Every box and circle with its place; sizes in pixels. `is_left` of a box: left of the values."""

    boxes: dict[Box, Place]
    circles: dict[Circle, Place]
    width: int
    height: int

    def is_left(self, box: Box) -> bool:
        return self.boxes[box].x < self.width / 2


def layout(contents: Contents) -> Layout:
    """The same contents always stand the same."""
    left, right = _sides(contents.boxes)
    rows = max(len(left), len(right), len(contents.circles), 1)
    circles, left, right = _untangled(contents, list(contents.circles), left, right)
    width = 2 * (MARGIN + BOX_WIDTH + GAP)
    columns = ((left, MARGIN + BOX_WIDTH / 2), (right, width - MARGIN - BOX_WIDTH / 2))
    return Layout(
        boxes={box: Place(x, y) for boxes, x in columns for box, y in _spread(boxes, rows).items()},
        circles={circle: Place(width / 2, y) for circle, y in _spread(circles, rows).items()},
        width=width,
        height=TOP + rows * ROW + MARGIN,
    )


def _sides(boxes: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    """Kinds of records, whole, on two sides of about the same length; the biggest kind on the left."""
    kinds: dict[str, list[Box]] = defaultdict(list)
    for box in boxes:
        kinds[box.kind].append(box)
    left: list[Box] = []
    right: list[Box] = []
    for kind in sorted(kinds, key=lambda kind: (-len(kinds[kind]), kind)):
        (left if len(left) <= len(right) else right).extend(kinds[kind])
    return left, right


def _untangled(
    contents: Contents, circles: list[Circle], left: list[Box], right: list[Box]
) -> tuple[list[Circle], list[Box], list[Box]]:
    """Move everything near the middle of what it is linked to, until it has settled: fewer lines cross."""
    shows: dict[Box, list[Circle]] = defaultdict(list)
    shown_by: dict[Circle, list[Box]] = defaultdict(list)
    for line in contents.lines:
        shows[line.box].append(line.circle)
        shown_by[line.circle].append(line.box)
    for _ in range(_ROUNDS):
        heights = _heights(circles)
        left, right = (_ordered(boxes, shows, heights) for boxes in (left, right))
        circles = _ordered(circles, shown_by, _heights(left) | _heights(right))
    return circles, left, right


def _heights(items: Sequence[Item]) -> dict[Item, float]:
    return {item: (position + 0.5) / len(items) for position, item in enumerate(items)}


def _ordered(items: list[Item], linked: Mapping[Item, Sequence[Box | Circle]], heights: Mapping) -> list[Item]:  # type: ignore[type-arg]
    """By the mean height of what each is linked to; kinds of records stay together."""
    own = _heights(items)
    wanted = {
        item: sum(heights[other] for other in linked[item]) / len(linked[item]) if linked[item] else own[item]
        for item in items
    }
    together: dict[object, list[float]] = defaultdict(list)
    for item in items:
        together[_together(item)].append(wanted[item])
    means = {group: sum(values) / len(values) for group, values in together.items()}
    return sorted(items, key=lambda item: (means[_together(item)], str(_together(item)), wanted[item], own[item]))


def _together(item: Box | Circle) -> object:
    return item.kind if isinstance(item, Box) else item


def _spread(items: Sequence[Item], rows: int) -> dict[Item, float]:
    """Heights over all rows, from top to bottom."""
    step = rows * ROW / max(len(items), 1)
    return {item: TOP + (position + 0.5) * step for position, item in enumerate(items)}
