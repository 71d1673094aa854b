"""The links of a customer's records, as the published generation has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdp.warehouse.port import Reader

NEVER_LINK = "never_link"
# How the guard (macro `settled_sql`) begins its reason.
_CUT = "would join too many"
_COLUMNS = (
    "node_id, record_key, tier, rule, hub, identifier_type, identifier_value, confidence, source_name, "
    "first_seen_at, last_seen_at, times_observed, suppression_reason"
)


@dataclass(frozen=True, slots=True)
class Link:
    """One record, and one thing that it shows under one rule; `suppression_reason` is None where the link counts.

    Of a pair somebody named, the type, the value, the source and the times are None, and `hub` is the two keys.
    """

    node_id: int
    record_key: str
    tier: int
    rule: str
    hub: str
    identifier_type: str | None
    identifier_value: str | None
    confidence: float | None
    source_name: str | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    times_observed: int | None
    suppression_reason: str | None

    @property
    def is_active(self) -> bool:
        return self.suppression_reason is None

    @property
    def is_cut(self) -> bool:
        """Whether the guard took the customer apart to whom the link would have led."""
        return (self.suppression_reason or "").startswith(_CUT)

    @property
    def shown(self) -> tuple[str, str]:
        """What the record shows: a type and a value, or the rule and the pair."""
        if self.identifier_type is None or self.identifier_value is None:
            return self.rule, self.hub
        return self.identifier_type, self.identifier_value


def links_of(reader: Reader, customer_id: int) -> list[Link]:
    """Every link of the customer's records, suppressed ones included, the strongest tier first."""
    edges, records = reader.relation("int_identity__edges"), reader.relation("int_identity__records")
    query = (
        f"select {_COLUMNS} from {edges} "
        f"where node_id in (select r.node_id from {records} as r where r.customer_id = ?) "
        "order by tier, rule, hub, node_id"
    )
    return [Link(**row) for row in reader.query(query, [customer_id]).read_all().to_pylist()]
