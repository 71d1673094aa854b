"""A difference as sentences and one table: for a terminal, and for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from cdp.segments.difference.difference import Difference, Touched

COUNTS = ("before", "now", "enter", "leave")


def told(difference: Difference) -> Iterator[str | Table]:
    """What a person at a terminal reads."""
    yield _summary(difference)
    if difference.touched:
        table = Table("segment", "why")
        for heading in COUNTS:
            table.add_column(heading, justify="right")
        for touched in difference.touched:
            table.add_row(touched.segment, Text("; ".join(touched.why)), *_counts(touched))
        yield table
    yield from _remarks(difference)


def markdown(difference: Difference) -> str:
    """The same for a pull request."""
    lines = [_summary(difference), ""]
    if difference.touched:
        lines += [f"| segment | why | {' | '.join(COUNTS)} |", "| --- | --- | ---: | ---: | ---: | ---: |"]
        for touched in difference.touched:
            cells = (f"`{touched.segment}`", _escaped("; ".join(touched.why)), *_counts(touched))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join([*lines, *_remarks(difference)]).strip()


def _summary(difference: Difference) -> str:
    since = f"the change since `{difference.base}` ({difference.commit[:10]})"
    if not difference.touched:
        return f"No segment is touched by {since}."
    count = len(difference.touched)
    segments = "1 segment is" if count == 1 else f"{count:,} segments are"
    return f"{segments} touched by {since}, on the customers of {difference.as_of} (UTC)."


def _remarks(difference: Difference) -> Iterator[str]:
    if difference.built:
        yield f"Built on a copy to see it: {_names(difference.built)}."
    if difference.unread:
        yield f"Every column counts as changed where the SQL could not be taken apart: {_names(difference.unread)}."


def _counts(touched: Touched) -> tuple[str, ...]:
    moved = touched.moved
    return tuple(f"{count:,}" for count in (moved.before, moved.after, moved.enter, moved.leave))


def _names(models: list[str]) -> str:
    return ", ".join(f"`{model}`" for model in models)


def _escaped(text: str) -> str:
    """A cell in which nothing ends the cell or begins a tag."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("\n", " ")
