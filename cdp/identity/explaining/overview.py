"""What one customer's records show, summed up where the data is: a customer may be a million receipts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdp.warehouse.port import Reader


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record, its number, how many values it shows, and since when until when; None where it shows none."""

    record_key: str
    node_id: int
    values_shown: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShownValue:
    """Something that `records` records show, of `linking` of which it counts; `reasons` why it does not of others.

    Of a pair somebody named, `kind` is the rule and `value` the two keys.
    """

    kind: str
    value: str
    records: int
    linking: int
    reasons: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """How many records a customer has, the values that most of them show, and how many values there are."""

    customer_id: int
    records: int
    values: list[ShownValue]
    values_shown: int


def overview_of(reader: Reader, customer_id: int, most: int) -> Overview:
    """Everything about a customer, of the values the `most` common ones alone, the commonest first."""
    values, values_shown = _commonest_values(reader, customer_id, most)
    return Overview(customer_id, _count_records(reader, customer_id), values, values_shown)


def _count_records(reader: Reader, customer_id: int) -> int:
    query = f"select count(*) as records from {reader.relation('int_identity__records')} where customer_id = ?"
    return int(reader.query(query, [customer_id]).read_all()["records"][0].as_py())


def oldest_records(reader: Reader, customer_id: int, most: int) -> list[ShownRecord]:
    """The customer's `most` oldest records, the oldest first."""
    query = (
        f"with own as (select record_key, node_id from {reader.relation('int_identity__records')} "
        "where customer_id = ? order by node_id limit ?), "
        "shows as (select node_id, kind, value, min(first_seen_at) as first_seen_at, "
        f"max(last_seen_at) as last_seen_at from ({_shows(reader, 'select own.node_id from own')}) as shown "
        "group by node_id, kind, value) "
        "select own.record_key, own.node_id, count(shows.kind) as values_shown, "
        "min(shows.first_seen_at) as first_seen_at, max(shows.last_seen_at) as last_seen_at "
        "from own left join shows on own.node_id = shows.node_id "
        "group by own.record_key, own.node_id order by own.node_id"
    )
    return [ShownRecord(**row) for row in reader.query(query, [customer_id, most]).read_all().to_pylist()]


def _commonest_values(reader: Reader, customer_id: int, most: int) -> tuple[list[ShownValue], int]:
    query = (
        "with shows as (select node_id, kind, value, count(*) as links, count(reason) as suppressed, "
        f"min(reason) as reason from ({shown_by_customer(reader)}) as shown group by node_id, kind, value), "
        "shown_values as (select kind, value, count(*) as records, "
        "sum(case when links > suppressed then 1 else 0 end) as linking, count(*) over () as values_shown "
        "from shows group by kind, value order by records desc, kind, value limit ?), "
        "reasons as (select kind, value, string_agg(distinct reason, '; ' order by reason) as reasons from shows "
        "where reason is not null group by kind, value) "
        "select v.*, r.reasons from shown_values as v left join reasons as r on v.kind = r.kind and v.value = r.value "
        "order by v.records desc, v.kind, v.value"
    )
    rows = reader.query(query, [customer_id, most]).read_all().to_pylist()
    values = [
        ShownValue(row["kind"], row["value"], row["records"], int(row["linking"]), row["reasons"]) for row in rows
    ]
    return values, rows[0]["values_shown"] if rows else 0


def shown_by_customer(reader: Reader) -> str:
    """SQL of all links of a customer, its only parameter: (node_id, kind, value, reason) and when they were seen."""
    records = reader.relation("int_identity__records")
    return _shows(reader, f"select r.node_id from {records} as r where r.customer_id = ?")


def _shows(reader: Reader, nodes: str) -> str:
    return (
        "select node_id, case when identifier_value is null then rule else identifier_type end as kind, "
        "coalesce(identifier_value, hub) as value, suppression_reason as reason, first_seen_at, last_seen_at "
        f"from {reader.relation('int_identity__edges')} where node_id in ({nodes})"
    )
