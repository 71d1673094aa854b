"""What stands in a published generation, in numbers: from records to whom may be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from cdp.landing.lake import Lake
from cdp.warehouse import Reader


@dataclass(frozen=True, slots=True)
class Funnel:
    """One audience: customers in its segment, and those of them who may be reached."""

    audience: str
    in_segment: int
    reachable: int


@dataclass(frozen=True, slots=True)
class Contents:
    """The counts of one generation; `segments` are members by segment name."""

    records: int
    customers: int
    segments: dict[str, int]
    audiences: list[Funnel]


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a source last brought rows (naive UTC); `files` were refused since the beginning."""

    source: str
    table: str
    last_landed_at: datetime | None
    rows: int
    rejected: int
    refused: int


def contents(reader: Reader) -> Contents:
    """Count what `reader` sees."""
    return Contents(
        records=_count(reader, "int_identity__records"),
        customers=_count(reader, "dim_customers"),
        segments=segment_sizes(reader),
        audiences=_audiences(reader),
    )


def _count(reader: Reader, model: str) -> int:
    rows = reader.query(f"select count(*) as counted from {reader.relation(model)}").read_all().to_pylist()
    return int(rows[0]["counted"])


def segment_sizes(reader: Reader) -> dict[str, int]:
    """Members by segment."""
    from cdp.segments.masks.sizes import sizes_query
    from cdp.segments.source import ReaderSource

    last = reader.query(f"select max(word) as word from {reader.relation('int_segments__definitions')}").read_all()
    words = 1 + (last["word"][0].as_py() or 0)
    sizes = reader.query(sizes_query(words, ReaderSource(reader)).sql(dialect=reader.dialect)).read_all()
    return dict(sorted((row["segment_name"], int(row["members"])) for row in sizes.to_pylist()))


def _audiences(reader: Reader) -> list[Funnel]:
    rows = reader.query(
        "select d.audience_name, coalesce(f.in_segment, 0) as in_segment, coalesce(f.members, 0) as reachable "
        f"from {reader.relation('int_audiences__definitions')} as d "
        f"left join {reader.relation('rpt_audience_funnel')} as f on f.audience_name = d.audience_name "
        "order by d.audience_name"
    )
    return [
        Funnel(row["audience_name"], int(row["in_segment"]), int(row["reachable"]))
        for row in rows.read_all().to_pylist()
    ]


def freshness(lake: Lake) -> list[Freshness]:
    """Every table that anything arrived for, by source and name."""
    query = (
        "select source, table_name, max(case when landed > 0 then landed_at end), cast(sum(landed) as bigint), "
        "cast(sum(rejected) as bigint), count(case when status = 'refused' then 1 end) "
        f"from {lake.catalog_relation()} group by source, table_name order by source, table_name"
    )
    with duckdb.connect() as connection:
        return [Freshness(*row) for row in connection.execute(query).fetchall()]
