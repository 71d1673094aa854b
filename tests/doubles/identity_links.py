"""Links of records, by little."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, fields
from datetime import datetime

from cdp.identity.explaining.links import NEVER_LINK, Link
from tests.doubles.readers import MemoryReader

SEEN = datetime(2024, 5, 1, 12)
_TYPES = {
    "node_id": "bigint",
    "tier": "integer",
    "confidence": "double",
    "times_observed": "bigint",
    "first_seen_at": "timestamp",
    "last_seen_at": "timestamp",
}


def link(
    record: str,
    value: str,
    *,
    rule: str = "email",
    tier: int = 1,
    node: int = 1,
    confidence: float = 0.9,
    reason: str | None = None,
    hub: str | None = None,
) -> Link:
    """A record shows a value under a rule of that name."""
    return Link(
        node_id=node,
        record_key=record,
        tier=tier,
        rule=rule,
        hub=value if hub is None else hub,
        identifier_type=rule.removesuffix("_and_name"),
        identifier_value=value,
        confidence=confidence,
        source_name=record.partition(":")[0],
        first_seen_at=SEEN,
        last_seen_at=SEEN,
        times_observed=1,
        suppression_reason=reason,
    )


def kept_apart(record: str, other: str) -> Link:
    """One half of a steward's decision."""
    pair = " ".join(sorted((record, other)))
    reason = "kept apart by a steward"
    return Link(1, record, 0, NEVER_LINK, pair, None, None, 1.0, None, None, None, None, reason)


def warehouse(links: list[Link], records: Iterable[tuple[str, int, int]]) -> MemoryReader:
    """A generation with these links and records, (key, number, customer), and nothing else."""
    reader = MemoryReader()
    reader.load("int_identity__records", "record_key varchar, node_id bigint, customer_id bigint", list(records))
    columns = ", ".join(f"{field.name} {_TYPES.get(field.name, 'varchar')}" for field in fields(Link))
    reader.load("int_identity__edges", columns, [astuple(each) for each in links])
    return reader
