"""How a project stands, from its warehouse, its lake and its operational store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.table import Table

from cdp.cli.tables import table_of
from cdp.errors import OtherModelsError
from cdp.landing.lake import Lake
from cdp.pipeline.due import RESUME, build_is_due, why_builds_wait
from cdp.pipeline.summary import contents, freshness
from cdp.project import Project
from cdp.store import open_store
from cdp.warehouse import open_warehouse
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.status import status_of
from reverse_etl.syncs import load_syncs

SOURCE_COLUMNS = ("source", "table", "last_landed_at", "rows", "rejected", "refused")
AUDIENCE_COLUMNS = ("audience", "in_segment", "reachable")
SYNC_COLUMNS = ("sync", "status", "started_at", "acknowledged", "rejected", "in_flight", "open_holds")


def project_status(project: Project) -> dict[str, Any]:
    """`published` and its `contents` (None before the first build), whether a build is due, `sources` and `syncs`."""
    generation = open_warehouse(project).published()
    store = open_store(project.store_url)
    try:
        projection = ReceiptsProjection(store, project.lake)
        projection.catch_up()
        syncs = [asdict(status_of(store, projection, sync)) for sync in load_syncs(project)]
    finally:
        store.close()
    return {
        "published": asdict(generation) if generation else None,
        "contents": _contents(project) if generation else None,
        "build_is_due": build_is_due(project),
        "builds_wait": why_builds_wait(open_warehouse(project)),
        "sources": [asdict(source) for source in freshness(Lake(project.lake))],
        "syncs": syncs,
    }


def _contents(project: Project) -> dict[str, Any] | None:
    try:
        with open_warehouse(project).reader() as reader:
            return asdict(contents(reader))
    except OtherModelsError:  # after an upgrade, until the next run
        return None


def status_tables(status: dict[str, Any]) -> Iterator[str | Table]:
    """The status for people."""
    published = status["published"]
    if published:
        yield "Published: generation {number}, as of {as_of}, up to batch {batch}.".format(**published)
    else:
        yield "Nothing has been published yet. Run `cdp run`."
    due = "The next run builds: time, data or models have moved on." if status["build_is_due"] else "Nothing to build."
    yield f"{status['builds_wait'].capitalize()} {RESUME}" if status["builds_wait"] else due
    yield ""
    yield table_of(SOURCE_COLUMNS, status["sources"])
    if found := status["contents"]:
        yield ""
        yield table_of(("segment", "members"), [{"segment": s, "members": n} for s, n in found["segments"].items()])
        yield ""
        yield table_of(AUDIENCE_COLUMNS, found["audiences"])
    yield ""
    yield table_of(SYNC_COLUMNS, status["syncs"])
    yield from (f"{sync['sync']}: {sync['reason']}" for sync in status["syncs"] if sync["reason"])
