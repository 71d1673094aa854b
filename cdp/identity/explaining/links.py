"""The links of a customer's records, as the published generation has them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from cdp.warehouse.port import Reader

NEVER_LINK = "never_link"
# How the guard (macro `settled_sql`) begins its reason.
_CUT = "would join"


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


_COLUMNS = ", ".join(f"e.{field.name}" for field in fields(Link))


def joining_links(reader: Reader, customer_id: int, asked: tuple[int, int]) -> list[Link]:
    """The active links among which a path between the two records numbered `asked` is.

    Of records that share the same with others, the oldest stands for all: a customer may be a million receipts.
    """
    edges, records = reader.relation("int_identity__edges"), reader.relation("int_identity__records")
    query = (
        f"with active as (select node_id, rule, hub from {edges} where suppression_reason is null "
        f"and node_id in (select r.node_id from {records} as r where r.customer_id = ?)), "
        "shared as (select rule, hub, row_number() over () as number from active "
        "group by rule, hub having count(*) > 1), "
        "looks as (select active.node_id, "
        "string_agg(cast(shared.number as varchar), ' ' order by shared.number) as looks from active inner join shared "
        "on active.rule = shared.rule and active.hub = shared.hub group by active.node_id), "
        "chosen as (select min(looks.node_id) as node_id from looks group by looks.looks "
        "union select cast(? as bigint) as node_id union select cast(? as bigint) as node_id) "
        f"select {_COLUMNS} from {edges} as e inner join shared on e.rule = shared.rule and e.hub = shared.hub "
        "where e.suppression_reason is null and e.node_id in (select chosen.node_id from chosen) "
        "order by e.tier, e.rule, e.hub, e.node_id"
    )
    return [Link(**row) for row in reader.query(query, [customer_id, *asked]).read_all().to_pylist()]


def links_shared_with(reader: Reader, customer_id: int, other_id: int, asked: int) -> list[Link]:
    """Of everything that both customers show under one rule, one link of the first.

    It is that of the record numbered `asked`, else the one that is nearest to counting, else the oldest.
    """
    edges, records = reader.relation("int_identity__edges"), reader.relation("int_identity__records")
    shown = (
        "select {columns} from {edges} as e inner join {records} as r on e.node_id = r.node_id where r.customer_id = ?"
    )
    mine, theirs = (
        shown.format(columns=columns, edges=edges, records=records)
        for columns in ("e.*", "distinct e.rule, coalesce(e.identifier_value, e.hub) as shown")
    )
    query = (
        f"select {_COLUMNS} from (select mine.*, row_number() over (partition by mine.rule, theirs.shown order by "
        "case when mine.node_id = ? then 0 else 1 end, case when mine.suppression_reason is null then 0 else 1 end, "
        f"mine.node_id) as standing from ({mine}) as mine inner join ({theirs}) as theirs "
        "on mine.rule = theirs.rule and coalesce(mine.identifier_value, mine.hub) = theirs.shown) as e "
        "where standing = 1 order by tier, rule, hub, node_id"
    )
    given = [asked, customer_id, other_id]
    return [Link(**row) for row in reader.query(query, given).read_all().to_pylist()]
