"""`cdp identity show`: one customer's records and what they show, as tables and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.console import output
from cdp.errors import CdpError, Location
from cdp.project import Project

if TYPE_CHECKING:
    from cdp.identity.explaining.overview import ShownRecord, ShownValue

RECORD_COLUMNS = ("record", "arrived_as", "shows", "first_seen", "last_seen")
SHOWN_COLUMNS = ("shows", "records", "links", "reason")


def show_customer(
    given: Annotated[str, typer.Argument(metavar="ID", help="A customer id of any age, or a record key.")],
    svg: Annotated[Path | None, typer.Option(help="Write a picture of the customer's graph here (.svg).")] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many records, and how many values, to print at most.")] = 50,
) -> None:
    """The records of one customer, what they show, and what of it links them."""
    from cdp.cli.tables import table_of
    from cdp.identity.explaining.overview import oldest_records, overview_of
    from cdp.identity.explaining.subject import find_subject
    from cdp.identity.picture.contents import MOST_CIRCLES, picture_contents
    from cdp.identity.picture.svg import picture_svg
    from cdp.warehouse import open_warehouse

    if svg and svg.suffix.lower() != ".svg":
        raise CdpError("a picture is written as SVG.", where=Location(svg), remedy="Give a name that ends with .svg.")
    with open_warehouse(Project.load()).reader() as reader:
        customer_id = find_subject(reader, given).customer_id
        oldest, overview = (
            oldest_records(reader, customer_id, rows),
            overview_of(reader, customer_id, max(rows, MOST_CIRCLES)),
        )
        contents = picture_contents(reader, overview) if svg else None
        as_of = reader.generation.as_of
    subtitle = f"{overview.records:,} records as of {as_of} (UTC)"
    output.print(f"Customer {customer_id}: {subtitle}.", highlight=False)
    tables = (
        (RECORD_COLUMNS, _record_rows(oldest), overview.records),
        (SHOWN_COLUMNS, _value_rows(overview.values[:rows]), overview.values_shown),
    )
    for columns, found, there_are in tables:
        output.print(table_of(columns, found))
        if there_are > rows:
            output.print(f"… and {there_are - rows:,} more; `--rows` prints them.", highlight=False)
    if svg and contents:
        svg.write_text(picture_svg(contents, customer_id, subtitle), encoding="utf-8")
        output.print(f"{svg} is written.", markup=False, soft_wrap=True)


def _record_rows(records: list[ShownRecord]) -> list[dict[str, object]]:
    from cdp.identity.explaining.telling import cell

    return [
        {
            "record": cell(each.record_key),
            "arrived_as": each.node_id,
            "shows": each.values_shown,
            "first_seen": each.first_seen_at,
            "last_seen": each.last_seen_at,
        }
        for each in records
    ]


def _value_rows(values: list[ShownValue]) -> list[dict[str, object]]:
    from cdp.identity.explaining.telling import cell

    return [
        {
            "shows": cell(each.kind, each.value),
            "records": each.records,
            "links": each.linking,
            "reason": each.reasons or "",
        }
        for each in values
    ]
