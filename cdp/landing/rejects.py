"""Lines that were set aside, as people look at them."""

from __future__ import annotations

from typing import Any

import duckdb

from cdp.landing.lake import Lake


def count_rejects(lake: Lake, source: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """One row per table and reason, the most frequent first: table, reason, lines, files, last_batch."""
    return _rows(
        lake,
        "source || '.' || table_name as \"table\", reason, count(*) as lines, "
        "count(distinct (batch, file)) as files, max(batch) as last_batch",
        "group by 1, 2 order by lines desc, 1, 2",
        source,
        limit,
    )


def rejected_lines(lake: Lake, source: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """The lines themselves, which may hold personal data, newest first: table, batch, path, line, reason, text."""
    return _rows(
        lake,
        "source || '.' || table_name as \"table\", batch, path, line, reason, text",
        "order by batch desc, file, line",
        source,
        limit,
    )


def _rows(lake: Lake, columns: str, ordering: str, source: str | None, limit: int) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {columns} from {lake.rejects_relation()} where ? is null or source = ? {ordering} limit ?",
            [source, source, limit],
        )
        names = [name for name, *_ in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
