"""What every run clears away, as `retention` in cdp.yml declares it (ADR 25)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import duckdb

from cdp.landing.lake import Lake, parquet_relation
from cdp.project import Project
from cdp.warehouse import open_warehouse


@dataclass(frozen=True, slots=True)
class Cleared:
    """What went: generations, and rejected lines (their counts stay in the catalog)."""

    generations: int = 0
    rejected_lines: int = 0


def clear_away(project: Project) -> Cleared:
    """Remove what is older than declared; the caller holds the `landing` lease."""
    return Cleared(open_warehouse(project).collect(), _old_rejects(project))


def _old_rejects(project: Project) -> int:
    lake, before = Lake(project.lake), project.clock.now() - timedelta(days=project.settings.retention.rejects_days)
    with duckdb.connect() as connection:
        old = connection.execute(
            f"select batch from {lake.catalog_relation()} group by batch having max(landed_at) < ?", [before]
        ).fetchall()
        files = [file for (batch,) in old if (file := lake.rejects(batch)).is_file()]
        if not files:
            return 0
        ((lines,),) = connection.execute(f"select count(*) from {parquet_relation(files)}").fetchall()
    for file in files:
        file.unlink()
    return int(lines)
