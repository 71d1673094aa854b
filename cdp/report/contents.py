"""What the report shows, as the published generation knows it: counts only, nobody by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cdp.warehouse.port import Reader

Row = Mapping[str, Any]
Rows = Sequence[Row]

FLOW_DAYS = 30
CART_DAYS = 182
MOST_OVERLAPPING = 20  # beyond that, a heat map is no longer read


@dataclass(frozen=True, slots=True)
class Contents:
    """Rows of the report models, in the order they are shown.

    `segments` has one row per segment, the largest first; `overlaps` one per pair of the largest of them.
    """

    as_of: datetime
    generation: int
    months: Rows
    rfm: Rows
    segments: Rows
    flows: Rows
    overlaps: Rows
    reach: Rows
    funnels: Rows
    completeness: Rows
    carts: Rows
    checks: Rows


def read_contents(reader: Reader) -> Contents:
    """Everything the page needs, in a handful of aggregate queries."""
    as_of = reader.generation.as_of
    segments = _segments(reader, as_of)
    largest = [row["segment_name"] for row in segments[:MOST_OVERLAPPING] if row["members_count"]]
    return Contents(
        as_of=as_of,
        generation=reader.generation.number,
        months=_rows(reader, f"select * from {reader.relation('rpt_customers_by_month')} order by month_on"),
        rfm=_rows(reader, f"select * from {reader.relation('rpt_rfm_grid')} order by recency_score, frequency_score"),
        segments=segments,
        flows=_rows(reader, f"select * from {reader.relation('rpt_segment_flows')} order by segment_name, moved_on"),
        overlaps=segment_overlaps(reader, largest),
        reach=_rows(
            reader, f"select * from {reader.relation('rpt_reachability')} order by channel, purpose, message_class"
        ),
        funnels=_rows(reader, f"select * from {reader.relation('rpt_audience_funnel')} order by audience_name"),
        completeness=_rows(
            reader,
            f"select * from {reader.relation('rpt_data_completeness')} order by known_count desc, attribute",
        ),
        carts=_carts(reader, as_of),
        checks=_checks(reader),
    )


def segment_overlaps(reader: Reader, segments: Sequence[str]) -> Rows:
    """One row per ordered pair of `segments` with common members: both names and `customers_count`."""
    if not segments:
        return []
    members, marks = reader.relation("segment_members"), ", ".join("?" * len(segments))
    query = (
        "select a.segment_name, b.segment_name as other_segment_name, count(*) as customers_count "
        f"from {members} as a inner join {members} as b on a.customer_id = b.customer_id "
        f"where a.segment_name in ({marks}) and b.segment_name in ({marks}) group by a.segment_name, b.segment_name"
    )
    return _rows(reader, query, [*segments, *segments])


def _segments(reader: Reader, as_of: datetime) -> Rows:
    query = (
        "select d.segment_name, d.owner, d.description, coalesce(m.members_count, 0) as members_count, "
        "coalesce(f.entered_count, 0) as entered_count, coalesce(f.left_count, 0) as left_count "
        f"from {reader.relation('int_segments__definitions')} as d "
        "left join (select segment_name, count(*) as members_count "
        f"from {reader.relation('segment_members')} group by segment_name) as m on d.segment_name = m.segment_name "
        "left join (select segment_name, sum(entered_count) as entered_count, sum(left_count) as left_count "
        f"from {reader.relation('rpt_segment_flows')} where moved_on > ? group by segment_name) as f "
        "on d.segment_name = f.segment_name order by members_count desc, d.segment_name"
    )
    return _rows(reader, query, [(as_of - timedelta(days=FLOW_DAYS)).date()])


def _carts(reader: Reader, as_of: datetime) -> Rows:
    query = f"select * from {reader.relation('rpt_abandoned_carts')} where abandoned_on > ? order by abandoned_on"
    return _rows(reader, query, [(as_of - timedelta(days=CART_DAYS)).date()])


def _checks(reader: Reader) -> Rows:
    """One row per guarded table, those where something is wrong first: how its checks ended the last time."""
    query = (
        "select boundary, table_name, count(*) as checks_count, max(checked_at) as checked_at, "
        "sum(case when verdict = 'passed' then 1 else 0 end) as passed_count, "
        "coalesce(min(case when verdict <> 'passed' then check_name || ' ' || verdict || '. ' || told_text end), '') "
        "as told "
        f"from {reader.relation('rpt_quality')} group by boundary, table_name "
        "order by count(*) - sum(case when verdict = 'passed' then 1 else 0 end) desc, boundary, table_name"
    )
    return _rows(reader, query)


def _rows(reader: Reader, sql: str, parameters: Sequence[Any] = ()) -> Rows:
    rows: Rows = reader.query(sql, parameters).read_all().to_pylist()
    return rows
