"""What the picture of one customer shows: boxes of records, what they show, and the lines between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdp.identity.explaining.links import NEVER_LINK, Link

# Above this, records that show the same stand in one box.
MOST_SINGLE_BOXES = 40
MOST_BOXES = 60
MOST_CIRCLES = 40

Shown = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Box:
    """Records of one kind (`<source>:<entity>`) that show the same, by their oldest."""

    kind: str
    record_key: str
    records: int
    node_id: int


@dataclass(frozen=True, slots=True)
class Circle:
    """Something that `records` records show; `reason` says why nothing of it counts, None where something does."""

    shown: Shown
    records: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A box shows a circle; `reason` as above, for this box alone."""

    box: Box
    circle: Circle
    reason: str | None


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything drawn, and how much was left out of what there is."""

    boxes: list[Box]
    circles: list[Circle]
    lines: list[Line]
    records_left_out: int
    values_left_out: int


def picture_contents(record_keys: Mapping[str, int], links: Sequence[Link]) -> Contents:
    """The picture of a customer, whose records are `record_keys` with their node numbers.

    A big one is summarised: of values, those that most records show are drawn; records that show the same of them
    share a box, the boxes of fewest records go, and those that show none of them.
    """
    shows = _shows(links)
    circles = _circles(shows)
    kept = {circle.shown: circle for circle in circles[:MOST_CIRCLES]}
    drawn = {key: {shown: _reason(shows[key][shown]) for shown in shows[key] if shown in kept} for key in record_keys}
    boxes = _boxes(record_keys, drawn)[:MOST_BOXES]
    lines = [Line(box, kept[shown], reason) for box in boxes for shown, reason in drawn[box.record_key].items()]
    lined = {line.circle for line in lines}
    return Contents(
        boxes=boxes,
        circles=[circle for circle in circles if circle in lined],
        lines=lines,
        records_left_out=len(record_keys) - sum(box.records for box in boxes),
        values_left_out=len(circles) - len(lined),
    )


_Shows = Mapping[str, Mapping[Shown, list[Link]]]


def _shows(links: Sequence[Link]) -> _Shows:
    """Links by record and by what is shown; what a steward keeps apart is drawn as something that both show."""
    shows: dict[str, dict[Shown, list[Link]]] = defaultdict(lambda: defaultdict(list))
    for link in sorted(links, key=lambda link: (link.tier, link.rule, link.hub, link.node_id)):
        shows[link.record_key][link.shown].append(link)
    return shows


def _boxes(record_keys: Mapping[str, int], drawn: Mapping[str, Mapping[Shown, str | None]]) -> list[Box]:
    """Boxes, those of most records first, then the oldest."""
    together: dict[tuple[object, ...], list[str]] = defaultdict(list)
    is_big = len(record_keys) > MOST_SINGLE_BOXES
    for key in sorted(record_keys, key=record_keys.__getitem__):
        looks = tuple(sorted((shown, reason or "") for shown, reason in drawn[key].items()))
        if looks or not is_big:
            together[(_kind(key), looks) if is_big else (key,)].append(key)
    boxes = [Box(_kind(keys[0]), keys[0], len(keys), record_keys[keys[0]]) for keys in together.values()]
    return sorted(boxes, key=lambda box: (-box.records, box.node_id))


def _kind(record_key: str) -> str:
    return record_key.rpartition(":")[0]


def _reason(links: Sequence[Link]) -> str | None:
    """Why none of them counts; None where one does."""
    if any(link.is_active for link in links):
        return None
    steward = [link for link in links if link.rule == NEVER_LINK]
    return (steward or list(links))[0].suppression_reason


def _circles(shows: _Shows) -> list[Circle]:
    """What is shown, the values of most records first."""
    reasons: dict[Shown, list[str | None]] = defaultdict(list)
    for of_record in shows.values():
        for shown, links in of_record.items():
            reasons[shown].append(_reason(links))
    ordered = sorted(reasons, key=lambda shown: (-len(reasons[shown]), shown))
    return [
        Circle(shown, len(reasons[shown]), None if None in reasons[shown] else reasons[shown][0]) for shown in ordered
    ]
