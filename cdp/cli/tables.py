"""Rows as a table in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table


def table_of(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Table:
    """One line per row; in a narrow terminal the first column, the name, stays whole."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        values = [row[column] for row in rows]
        are_numbers = any(isinstance(value, int) for value in values)
        width = max(map(len, map(_shown, values)), default=0)
        table.add_column(
            _heading(column, width), justify="right" if are_numbers else "left", no_wrap=column == columns[0]
        )
    for row in rows:
        table.add_row(*(_shown(row[column]) for column in columns))
    return table


def _heading(column: str, width: int) -> str:
    """A heading is never what makes a column wide: its words stand one below the other where they do not fit."""
    return column.replace("_", " " if len(column) <= width else "\n")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
