"""Whether there is anything to land, and anything to build."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import duckdb

from cdp.declarations.sources import CsvLanding, FileLanding, InboundLanding, SourceTable, load_source_tables
from cdp.landing.discovery import SeenFiles, unseen
from cdp.landing.inbound import waiting
from cdp.landing.lake import Lake
from cdp.project import Project
from cdp.store import open_store
from cdp.warehouse import Warehouse, open_warehouse
from cdp.warehouse.fingerprint import fingerprint

RESUME = "When what was wrong is repaired: cdp generations resume --reason WHY"


def last_data_batch(lake: Lake) -> int:
    """Number of the newest batch that brought rows, 0 where none did."""
    with duckdb.connect() as connection:
        query = f"select coalesce(max(batch), 0) from {lake.catalog_relation()} where landed > 0"
        ((batch,),) = connection.execute(query).fetchall()
    return int(batch)


def wanted_fingerprint(project: Project, as_of: datetime) -> str:
    """The fingerprint of the generation that a build would make now."""
    return fingerprint(project, as_of, last_data_batch(Lake(project.lake)))


def why_builds_wait(warehouse: Warehouse) -> str:
    """What to tell while nobody builds because a person rolled back; empty where builds go on."""
    aside = warehouse.set_aside()
    return f"builds wait: generation {aside.number} was rolled back from, and would be built again." if aside else ""


def build_is_due(project: Project) -> bool:
    """Whether a build would make anything else than what is published; never while builds wait."""
    warehouse = open_warehouse(project)
    if warehouse.set_aside():
        return False
    published = warehouse.published()
    return published is None or published.fingerprint != wanted_fingerprint(project, project.clock.now())


def unseen_files(project: Project) -> str:
    """A digest of what no batch has looked at, inbox files and events of tools, empty where there is none.

    Reads no file.
    """
    lake, digest, found = Lake(project.lake), hashlib.sha256(), False
    with duckdb.connect() as connection:
        for table in load_source_tables(project.dbt_project):
            for stamp in _unseen(project, table, SeenFiles(connection, lake, table)):
                digest.update(f"{stamp}\n".encode())
                found = True
    return digest.hexdigest()[:16] if found else ""


def _unseen(project: Project, table: SourceTable, seen: SeenFiles) -> Iterator[list[object]]:
    if isinstance(table.landing, FileLanding | CsvLanding):
        for _, *stamp in unseen(project.inbox, table, seen):
            yield stamp
    if isinstance(table.landing, InboundLanding):
        with closing(open_store(project.store_url)) as store:
            if newest := waiting(store):
                yield [newest]
