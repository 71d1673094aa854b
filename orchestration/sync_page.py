"""From a sync to its runs, rejects and plan in one click: what its asset shows of a run, in counts and codes only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import duckdb
from dagster import MetadataValue

from cdp.landing.lake import parquet_relation
from cdp.project import Project
from reverse_etl.engine.run import SyncResult

_CODES = """
select operation, verdict, coalesce(code, '') as code, coalesce(reason, '') as reason, count(*) as found
from {receipts} where sync = ? and run_id = ? and verdict in ('rejected', 'unknown')
group by all order by found desc, code limit 20
"""


def page_of(project: Project, result: SyncResult, run_id: str) -> dict[str, Any]:
    """Metadata of one run of a sync, whose run in Dagster is `run_id`; no key and no value of a row."""
    ui, name = project.settings.alerts.ui_url, result.sync
    return {
        "run": MetadataValue.url(f"{ui}/runs/{run_id}"),
        "all_runs": MetadataValue.url(f"{ui}/assets/sync/{name}?view=events"),
        "plan": MetadataValue.md(_plan(result)),
        "rejects": MetadataValue.md(_rejects(project, result)),
        "status": result.status.value,
        "told": result.reason or "Every row is accounted for.",
    }


def _plan(result: SyncResult) -> str:
    if result.plan is None:
        return "It came to no plan."
    counts = {name.replace("_", " "): count for name, count in asdict(result.plan).items() if count}
    return _table(["of the plan", "rows"], [(name, f"{count:,}") for name, count in counts.items()]) or "No rows."


def _rejects(project: Project, result: SyncResult) -> str:
    """What was refused, or not answered for, by code; the rows themselves: `cdp explain sync NAME KEY`."""
    parts = sorted((project.lake / "raw" / "receipts" / "receipts").glob("*.parquet"))
    if not parts or not (result.counts.rejected or result.counts.unknown):
        return "None."
    with duckdb.connect() as connection:
        query = _CODES.format(receipts=parquet_relation(parts))
        found = connection.execute(query, [result.sync, result.run]).fetchall()
    return _table(["operation", "verdict", "code", "reason", "rows"], found) or "None."


def _table(head: list[str], rows: list[tuple[Any, ...]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)
