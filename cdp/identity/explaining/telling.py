"""An explanation as people read it, and as programs do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.markup import escape

from cdp.identity.explaining.explanation import Explanation
from cdp.identity.explaining.links import Link
from cdp.identity.explaining.obstacles import Obstacle
from cdp.identity.explaining.path import Hop
from cdp.identity.overrides import OVERRIDES_FILE, override_line

PATH_COLUMNS = ("record", "shows", "by_rule", "tier", "confidence", "source", "first_seen", "last_seen")
OBSTACLE_COLUMNS = ("they_share", "by_rule", "tier", "but", "record", "other_record")


def headline(found: Explanation) -> Iterator[str]:
    """Whether they are one customer, a sentence a line."""
    for subject in (found.a, found.b):
        if subject.replaced_id is not None:
            yield f"Customer {subject.replaced_id} is customer {subject.customer_id} now."
    a, b = found.a, found.b
    if found.is_one_customer:
        yield f"{a.record_key} and {b.record_key} are one customer: {a.customer_id}."
    else:
        yield f"{a.record_key} (customer {a.customer_id}) and {b.record_key} (customer {b.customer_id}) did not meet."


def path_rows(path: list[Hop]) -> list[dict[str, Any]]:
    """Two rows a hop: the record that is left, and the one that is reached."""
    return [_link_row(link) for hop in path for link in (hop.near, hop.far)]


def _link_row(link: Link) -> dict[str, Any]:
    return {
        "record": link.record_key,
        "shows": escape(" ".join(link.shown)),
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
            "they_share": escape(" ".join(each.shown)),
            "by_rule": each.rule,
            "tier": each.tier,
            "but": each.reason,
            "record": each.records[0],
            "other_record": each.records[1],
        }
        for each in found
    ]


def remarks(found: Explanation) -> Iterator[str]:
    """What else there is to know, and the line that would change it."""
    a, b = found.a.record_key, found.b.record_key
    if found.is_one_customer:
        yield from _remarks_on_one(found, a, b)
        return
    if not found.obstacles:
        yield "They share nothing."
        nearest = ", ".join(map(str, found.nearest))
        yield (
            f"Customers who share something with both: {nearest}." if nearest else "Nobody shares something with both."
        )
    if found.likeness:
        pair = f"{found.likeness.record_key_a} and {found.likeness.record_key_b}"
        yield f"By their attributes, {pair} match with probability {found.likeness.match_probability:.4f}."
    yield f"To join them, add to {OVERRIDES_FILE}: {override_line(a, b, 'always')}"


def _remarks_on_one(found: Explanation, a: str, b: str) -> Iterator[str]:
    if found.path is None:
        yield "No path of active links leads from one to the other: the rules have changed since; build again."
    if a != b:
        yield f"To keep them apart, add to {OVERRIDES_FILE}: {override_line(a, b, 'never')}"


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
