"""How a project stands, from its warehouse, its lake and its operational store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.table import Table

from cdp.landing.lake import Lake
from cdp.pipeline.due import build_is_due
from cdp.pipeline.summary import freshness
from cdp.project import Project
from cdp.store import open_store
from cdp.warehouse import open_warehouse
from reverse_etl.status import status_of
from reverse_etl.syncs import load_syncs

SOURCE_COLUMNS = ("source", "table", "last_landed_at", "rows", "rejected", "refused")
SYNC_COLUMNS = ("sync", "status", "started_at", "acknowledged", "rejected", "in_flight", "open_holds", "reason")


def project_status(project: Project) -> dict[str, Any]:
    """`published` (None before the first build), `build_is_due`, `sources` and `syncs`."""
    generation = open_warehouse(project).published()
    store = open_store(project.store_url)
    try:
        syncs = [asdict(status_of(store, sync.name)) for sync in load_syncs(project)]
    finally:
        store.close()
    return {
        "published": asdict(generation) if generation else None,
        "build_is_due": build_is_due(project),
        "sources": [asdict(source) for source in freshness(Lake(project.lake))],
        "syncs": syncs,
    }


def status_tables(status: dict[str, Any]) -> Iterator[str | Table]:
    """The status for people."""
    published = status["published"]
    if published:
        yield "Published: generation {number}, as of {as_of}, up to batch {batch}.".format(**published)
    else:
        yield "Nothing has been published yet. Run `cdp run`."
    yield "A build is due." if status["build_is_due"] else "Nothing to build."
    yield _table(SOURCE_COLUMNS, status["sources"])
    yield _table(SYNC_COLUMNS, status["syncs"])


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Table:
    table = Table(*(column.replace("_", " ") for column in columns), box=None)
    for row in rows:
        table.add_row(*("" if row[column] is None else str(row[column]) for column in columns))
    return table
