"""Links of records, by little."""

from __future__ import annotations

from datetime import datetime

from cdp.identity.explaining.links import NEVER_LINK, Link

SEEN = datetime(2024, 5, 1, 12)


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
