"""A preview for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from cdp.segments.previewing.preview import Preview


def told(preview: Preview) -> Iterator[str | Table]:
    """Sentences and tables, in the order in which they are read."""
    size = f"{preview.members:,} of {preview.customers:,} customers ({_share(preview.members, preview.customers)})"
    yield f"{preview.segment}: {size} as of {preview.as_of} (UTC)."
    if preview.change is None:
        yield "No segment of that name is published."
    else:
        change = preview.change
        yield f"Published are {change.members:,} members: {change.enter:,} would enter, {change.leave:,} would leave."
    if preview.parts:
        yield _parts(preview)
    if preview.overlaps:
        yield _overlaps(preview)
    if preview.sample:
        yield _sample(preview)


def _parts(preview: Preview) -> Table:
    table = Table("asked")
    for heading in ("customers", "share", "left after it"):
        table.add_column(heading, justify="right")
    for part in preview.parts:
        left = "" if part.left is None else f"{part.left:,}"
        share = _share(part.customers, preview.customers)
        table.add_row(Text("  " * part.depth + part.asked), f"{part.customers:,}", share, left)
    return table


def _overlaps(preview: Preview) -> Table:
    table = Table("also in")
    for heading in ("customers", "of this segment", "of that segment"):
        table.add_column(heading, justify="right")
    for overlap in preview.overlaps:
        shares = (_share(overlap.customers, whole) for whole in (preview.members, overlap.members))
        table.add_row(overlap.segment, f"{overlap.customers:,}", *shares)
    return table


def _sample(preview: Preview) -> Table:
    table = Table(*preview.sample[0], title="some of them", title_justify="left")
    for row in preview.sample:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    return table


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0.0%"
