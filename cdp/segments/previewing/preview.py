"""A segment on the published generation: how many, who else, which condition cuts, and what changes against today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cdp.declarations.segments import Segment
from cdp.declarations.traits import TRAITS_MODEL
from cdp.segments.members import members_sql, require_published
from cdp.segments.previewing.conditions import Part, sized_parts
from cdp.segments.previewing.sample import sample_members
from cdp.warehouse.port import Reader

MOST_OVERLAPS = 10
DEFINITIONS, MEMBERS = "int_segments__definitions", "segment_members"


@dataclass(frozen=True, slots=True)
class Change:
    """Against the published segment of that name: customers in it today, and who would enter and leave."""

    members: int
    enter: int
    leave: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Customers in common with a published segment of `members`."""

    segment: str
    customers: int
    members: int


@dataclass(frozen=True, slots=True)
class Preview:
    """`customers` are all there are, `members` those in the segment; `change` is None where the name is new.

    `overlaps` has the largest first; `sample` is a few members with the traits that the rule asks, masked.
    """

    segment: str
    as_of: datetime
    customers: int
    members: int
    change: Change | None
    parts: list[Part]
    overlaps: list[Overlap]
    sample: list[dict[str, Any]]


def preview(reader: Reader, segment: Segment, segments: Mapping[str, Segment]) -> Preview:
    """Evaluate `segment` on what `reader` sees.

    Raises CdpError where the generation lacks something that it asks.
    """
    require_published(reader, segment, segments)
    members = members_sql(reader, segment, segments)
    everybody = f"select count(*) as customers from {reader.relation(TRAITS_MODEL)}"
    return Preview(
        segment=segment.name,
        as_of=reader.generation.as_of,
        customers=_rows(reader, everybody)[0]["customers"],
        members=_rows(reader, f"select count(*) as members from ({members}) as members")[0]["members"],
        change=_change(reader, segment.name, members),
        parts=sized_parts(reader, segment, segments),
        overlaps=_overlaps(reader, segment.name, members),
        sample=sample_members(reader, segment, members),
    )


def _change(reader: Reader, name: str, members: str) -> Change | None:
    known = f"select 1 as known from {reader.relation(DEFINITIONS)} where segment_name = ?"
    if not _rows(reader, known, name):
        return None
    query = (
        f"with after as ({members}), "
        f"before as (select customer_id from {reader.relation(MEMBERS)} where segment_name = ?) "
        "select count(before.customer_id) as members, count(*) - count(before.customer_id) as enter, "
        "count(*) - count(after.customer_id) as leave "
        "from before full outer join after on before.customer_id = after.customer_id"
    )
    return Change(**_rows(reader, query, name)[0])


def _overlaps(reader: Reader, name: str, members: str) -> list[Overlap]:
    query = (
        f"with mine as ({members}) "
        "select others.segment_name as segment, count(mine.customer_id) as customers, count(*) as members "
        f"from {reader.relation(MEMBERS)} as others left join mine on others.customer_id = mine.customer_id "
        "where others.segment_name <> ? group by others.segment_name having count(mine.customer_id) > 0 "
        f"order by customers desc, segment limit {MOST_OVERLAPS}"
    )
    return [Overlap(**row) for row in _rows(reader, query, name)]


def _rows(reader: Reader, sql: str, *parameters: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = reader.query(sql, parameters).read_all().to_pylist()
    return rows
