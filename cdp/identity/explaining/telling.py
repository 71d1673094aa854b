"""An explanation as people read it, and as programs do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.markup import escape

from cdp.errors import Location
from cdp.identity.explaining.explanation import Explanation
from cdp.identity.explaining.links import Link
from cdp.identity.explaining.obstacles import Obstacle
from cdp.identity.explaining.path import Hop
from cdp.identity.explaining.shortened import shortened
from cdp.identity.overrides import override_line

PATH_COLUMNS = ("record", "shows", "by_rule", "tier", "confidence", "source", "first_seen", "last_seen")
OBSTACLE_COLUMNS = ("they_share", "by_rule", "tier", "but", "record", "other_record")
_LETTERS = 70


def cell(*words: str) -> str:
    """What sources have delivered, as text of a table."""
    return escape(shortened(" ".join(words), _LETTERS))


def headline(found: Explanation) -> Iterator[str]:
    """Whether they are one customer, a sentence a line."""
    for subject in (found.a, found.b):
        if subject.replaced_id is not None:
            yield f"Customer {subject.replaced_id} is customer {subject.customer_id} now."
    a, b = found.a, found.b
    one, other = (shortened(subject.record_key, _LETTERS) for subject in (a, b))
    if found.is_one_customer:
        yield f"{one} and {other} are one customer: {a.customer_id}."
    else:
        yield f"{one} (customer {a.customer_id}) and {other} (customer {b.customer_id}) did not meet."


def path_rows(path: list[Hop]) -> list[dict[str, Any]]:
    """Two rows a hop: the record that is left, and the one that is reached."""
    return [_link_row(link) for hop in path for link in (hop.near, hop.far)]


def _link_row(link: Link) -> dict[str, Any]:
    return {
        "record": cell(link.record_key),
        "shows": cell(*link.shown),
        "by_rule": link.rule,
        "tier": link.tier,
        "confidence": None if link.confidence is None else f"{link.confidence:.2f}",
        "source": link.source_name,
        "first_seen": _minute(link.first_seen_at),
        "last_seen": _minute(link.last_seen_at),
    }


def _minute(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else None


def obstacle_rows(found: list[Obstacle]) -> list[dict[str, Any]]:
    return [
        {
            "they_share": cell(*each.shown),
            "by_rule": each.rule,
            "tier": each.tier,
            "but": each.reason,
            "record": cell(each.records[0]),
            "other_record": cell(each.records[1]),
        }
        for each in found
    ]


def remarks(found: Explanation, overrides: Location) -> Iterator[str]:
    """What else there is to know, and the line of the file `overrides` that would change it."""
    a, b = found.a.record_key, found.b.record_key
    if found.is_one_customer:
        if found.path is None:
            yield "No path of active links leads from one to the other: the rules have changed since; build again."
        if a != b:
            yield f"To keep them apart, add to {overrides}: {override_line(a, b, 'never')}"
        return
    if not found.obstacles:
        yield "They share nothing."
        nearest = ", ".join(map(str, found.nearest))
        yield (
            f"Customers who share something with both: {nearest}." if nearest else "Nobody shares something with both."
        )
    if found.likeness:
        one, other = found.likeness.record_key_a, found.likeness.record_key_b
        pair = f"{shortened(one, _LETTERS)} and {shortened(other, _LETTERS)}"
        yield f"By their attributes, {pair} match with probability {found.likeness.match_probability:.4f}."
    yield f"To join them, add to {overrides}: {override_line(a, b, 'always')}"


def as_json(found: Explanation) -> dict[str, Any]:
    """Everything that was found; `path` is null where they did not meet."""
    return {
        "a": asdict(found.a),
        "b": asdict(found.b),
        "is_one_customer": found.is_one_customer,
        "path": None if found.path is None else [asdict(hop) for hop in found.path],
        "obstacles": [asdict(each) for each in found.obstacles],
        "nearest": found.nearest,
        "likeness": asdict(found.likeness) if found.likeness else None,
    }
