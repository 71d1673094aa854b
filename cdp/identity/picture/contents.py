"""What the picture of one customer shows: boxes of records, what they show, and the lines between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdp.identity.explaining.links import NEVER_LINK, Link

# Above this, records that show exactly the same stand in one box.
MOST_SINGLE_BOXES = 40
MOST_BOXES = 120
MOST_CIRCLES = 150

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

    A big one is summarised: records that show the same share a box; then the newest boxes go, and the values of
    fewest boxes.
    """
    shows = _shows(links)
    boxes = _boxes(record_keys, shows)
    drawn = boxes[:MOST_BOXES]
    lines = {box: {shown: _reason(links_) for shown, links_ in shows[box.record_key].items()} for box in drawn}
    circles = _circles(lines)
    kept = {circle.shown: circle for circle in circles[:MOST_CIRCLES]}
    return Contents(
        boxes=drawn,
        circles=list(kept.values()),
        lines=[
            Line(box, kept[shown], reason)
            for box, reasons in lines.items()
            for shown, reason in reasons.items()
            if shown in kept
        ],
        records_left_out=sum(box.records for box in boxes[MOST_BOXES:]),
        values_left_out=len(circles) - len(kept),
    )


_Shows = Mapping[str, Mapping[Shown, list[Link]]]


def _shows(links: Sequence[Link]) -> _Shows:
    """Links by record and by what is shown; what a steward keeps apart is drawn as something that both show."""
    shows: dict[str, dict[Shown, list[Link]]] = defaultdict(lambda: defaultdict(list))
    for link in sorted(links, key=lambda link: (link.tier, link.rule, link.hub, link.node_id)):
        shows[link.record_key][link.shown].append(link)
    return shows


def _boxes(record_keys: Mapping[str, int], shows: _Shows) -> list[Box]:
    """Boxes, the oldest first."""
    together: dict[tuple[object, ...], list[str]] = defaultdict(list)
    is_big = len(record_keys) > MOST_SINGLE_BOXES
    for key in sorted(record_keys, key=record_keys.__getitem__):
        looks = tuple(sorted((shown, _reason(links) or "") for shown, links in shows[key].items()))
        together[(_kind(key), looks) if is_big else (key,)].append(key)
    return [Box(_kind(keys[0]), keys[0], len(keys), record_keys[keys[0]]) for keys in together.values()]


def _kind(record_key: str) -> str:
    return record_key.rpartition(":")[0]


def _reason(links: Sequence[Link]) -> str | None:
    """Why none of them counts; None where one does."""
    if any(link.is_active for link in links):
        return None
    steward = [link for link in links if link.rule == NEVER_LINK]
    return (steward or list(links))[0].suppression_reason


def _circles(lines: Mapping[Box, Mapping[Shown, str | None]]) -> list[Circle]:
    """What is shown, the values of most records first."""
    reasons: dict[Shown, list[str | None]] = defaultdict(list)
    records: dict[Shown, int] = defaultdict(int)
    for box, of_box in lines.items():
        for shown, reason in of_box.items():
            reasons[shown].append(reason)
            records[shown] += box.records
    ordered = sorted(reasons, key=lambda shown: (-records[shown], shown))
    return [Circle(shown, records[shown], None if None in reasons[shown] else reasons[shown][0]) for shown in ordered]
