"""What the picture of one customer shows: boxes of records, what they show, and the lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdp.identity.explaining.overview import Overview, ShownValue, shown_by_customer
from cdp.warehouse.port import Reader

# Above this, records that show the same stand in one box.
MOST_SINGLE_BOXES = 40
MOST_BOXES = 60
MOST_CIRCLES = 40

Shown = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Box:
    """Records of one kind (`<source>:<entity>`) that show the same, by their oldest."""

    kind: str
    record_key: str
    records: int
    node_id: int


@dataclass(frozen=True, slots=True)
class Circle:
    """Something that `records` records show; `reason` says why nothing of it counts, None where something does."""

    shown: Shown
    records: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A box shows a circle; `reason` as above, for this box alone."""

    box: Box
    circle: Circle
    reason: str | None


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything drawn, and how much was left out of what there is."""

    boxes: list[Box]
    circles: list[Circle]
    lines: list[Line]
    records_left_out: int
    values_left_out: int


def picture_contents(reader: Reader, overview: Overview) -> Contents:
    """The picture of a customer.

    A big one is summarised: of values, those that most records show are drawn; records that show the same of them
    share a box, the boxes of fewest records go, and those that show none of them.
    """
    kept = [Circle((each.kind, each.value), each.records, _reason(each)) for each in overview.values[:MOST_CIRCLES]]
    shows = _boxes(reader, overview.customer_id, kept, is_big=overview.records > MOST_SINGLE_BOXES)
    lines = [Line(box, kept[place], reason) for box, drawn in shows.items() for place, reason in drawn]
    lined = {line.circle for line in lines}
    return Contents(
        boxes=list(shows),
        circles=[circle for circle in kept if circle in lined],
        lines=lines,
        records_left_out=overview.records - sum(box.records for box in shows),
        values_left_out=overview.values_shown - len(lined),
    )


def _reason(value: ShownValue) -> str | None:
    return None if value.linking else value.reasons


_Drawn = list[tuple[int, str | None]]


def _boxes(reader: Reader, customer_id: int, kept: Sequence[Circle], *, is_big: bool) -> dict[Box, _Drawn]:
    """Boxes, those of most records first, then the oldest; each with the places of what it shows, and the reasons."""
    given = [part for place, circle in enumerate(kept) for part in (place, *circle.shown)]
    shows: dict[Box, _Drawn] = {}
    for row in (
        reader.query(_boxes_sql(reader, len(kept), is_big), [*given, customer_id, customer_id]).read_all().to_pylist()
    ):
        box = Box(row["kind"], row["record_key"], row["records"], row["node_id"])
        drawn = shows.setdefault(box, [])
        if row["place"] is not None:
            drawn.append((row["place"], row["reason"]))
    return shows


def _boxes_sql(reader: Reader, kept: int, is_big: bool) -> str:
    """One row per box and value it shows. Parameters: place, kind and value of each kept value, twice the customer."""
    place = "select cast({} as bigint) as place, cast({} as varchar) as kind, cast({} as varchar) as value"
    places = [*[place.format("?", "?", "?")] * kept, place.format("null", "null", "null")]
    together, join = ("kind, looks", "inner") if is_big else ("kind, looks, node_id", "left")
    return (
        f"with kept as ({' union all '.join(places)}), "
        "drawn as (select shown.node_id, kept.place, "
        "case when count(*) = count(shown.reason) then min(shown.reason) end as reason "
        f"from ({shown_by_customer(reader)}) as shown inner join kept on shown.kind = kept.kind "
        "and shown.value = kept.value group by shown.node_id, kept.place), "
        "looks as (select node_id, string_agg(place || ' ' || coalesce(reason, ''), ' ' order by place) as looks "
        "from drawn group by node_id), "
        "own as (select r.record_key, r.node_id, regexp_replace(r.record_key, ':[^:]*$', '') as kind, looks.looks "
        f"from {reader.relation('int_identity__records')} as r {join} join looks on r.node_id = looks.node_id "
        "where r.customer_id = ?), "
        f"boxes as (select kind, count(*) as records, min(node_id) as node_id from own group by {together} "
        f"order by records desc, min(node_id) limit {MOST_BOXES}) "
        "select boxes.kind, own.record_key, boxes.records, boxes.node_id, drawn.place, drawn.reason "
        "from boxes inner join own on boxes.node_id = own.node_id left join drawn on boxes.node_id = drawn.node_id "
        "order by boxes.records desc, boxes.node_id, drawn.place"
    )
