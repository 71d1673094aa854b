"""`cdp identity show`: one customer's records and what they show, as tables and as a picture."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdp.cli.console import output
from cdp.errors import CdpError, Location
from cdp.project import Project

if TYPE_CHECKING:
    from cdp.identity.explaining.links import Link

RECORD_COLUMNS = ("record", "arrived_as", "shows", "first_seen", "last_seen")
SHOWN_COLUMNS = ("shows", "records", "links", "reason")


def show_customer(
    given: Annotated[str, typer.Argument(metavar="ID", help="A customer id of any age, or a record key.")],
    svg: Annotated[Path | None, typer.Option(help="Write a picture of the customer's graph here (.svg).")] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many records, and how many values, to print at most.")] = 50,
) -> None:
    """The records of one customer, what they show, and what of it links them."""
    from cdp.cli.tables import table_of
    from cdp.identity.explaining.links import links_of
    from cdp.identity.explaining.subject import find_subject, records_of
    from cdp.identity.picture.contents import picture_contents
    from cdp.identity.picture.svg import picture_svg
    from cdp.warehouse import open_warehouse

    if svg and svg.suffix.lower() != ".svg":
        raise CdpError("a picture is written as SVG.", where=Location(svg), remedy="Give a name that ends with .svg.")
    with open_warehouse(Project.load()).reader() as reader:
        customer_id = find_subject(reader, given).customer_id
        records, links = records_of(reader, customer_id), links_of(reader, customer_id)
        as_of = reader.generation.as_of
    subtitle = f"{len(records):,} records as of {as_of} (UTC)"
    output.print(f"Customer {customer_id}: {subtitle}.", highlight=False)
    for columns, found in ((RECORD_COLUMNS, _record_rows(records, links)), (SHOWN_COLUMNS, _shown_rows(links))):
        output.print(table_of(columns, found[:rows]))
        if len(found) > rows:
            output.print(f"… and {len(found) - rows:,} more; `--rows` prints them.", highlight=False)
    if svg:
        svg.write_text(picture_svg(picture_contents(records, links), customer_id, subtitle), encoding="utf-8")
        output.print(f"{svg} is written.", markup=False, soft_wrap=True)


def _record_rows(records: dict[str, int], links: list[Link]) -> list[dict[str, object]]:
    """The oldest record first."""
    from cdp.identity.explaining.telling import cell

    own: dict[str, list[Link]] = {record_key: [] for record_key in records}
    for link in links:
        own[link.record_key].append(link)
    return [
        {
            "record": cell(record_key),
            "arrived_as": records[record_key],
            "shows": len({link.shown for link in shown}),
            "first_seen": min((link.first_seen_at for link in shown if link.first_seen_at), default=None),
            "last_seen": max((link.last_seen_at for link in shown if link.last_seen_at), default=None),
        }
        for record_key, shown in own.items()
    ]


def _shown_rows(links: list[Link]) -> list[dict[str, Any]]:
    """What most records show first."""
    from cdp.identity.explaining.telling import cell

    showing: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for link in links:
        showing[link.shown].append(link)
    found = [
        {
            "shows": cell(*shown),
            "records": len({link.record_key for link in own}),
            "links": len({link.record_key for link in own if link.is_active}),
            "reason": "; ".join(sorted({link.suppression_reason for link in own if link.suppression_reason})),
        }
        for shown, own in sorted(showing.items())
    ]
    return sorted(found, key=lambda row: -row["records"])
