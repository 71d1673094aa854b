"""A backup becomes a project's data again; nothing that is there is overwritten."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from sqlalchemy import insert

from cdp.clock import FileClock
from cdp.errors import ConfigurationError, Location
from cdp.operations.backup import CLOCK, LAKE, STORE, WAREHOUSE
from cdp.operations.manifest import Manifest, read_manifest
from cdp.operations.store_copy import load_store, refuse_used
from cdp.project import Project
from cdp.store import open_store
from cdp.store.schema import audit_log
from cdp.warehouse import open_warehouse
from cdp.warehouse.keeping import refuse_second


def restore(project: Project, folder: Path, actor: str) -> Manifest:
    """Fill a project that has declarations and no data; an older store is brought up to date.

    Raises ConfigurationError where the backup is damaged or of another engine, or where there is data: then nothing
    was touched.
    """
    manifest = read_manifest(folder)
    _refuse_other_engine(project, manifest, folder)
    _refuse_data(project)
    if (folder / CLOCK).is_file() and isinstance(project.clock, FileClock):
        project.clock.file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / CLOCK, project.clock.file)
    _restore_lake(folder / LAKE, project.lake)
    load_store(folder / STORE, project.store_url)
    if manifest.generation is not None:
        open_warehouse(project).load(folder / WAREHOUSE)
    _note(project, manifest, actor)
    return manifest


def _refuse_other_engine(project: Project, manifest: Manifest, folder: Path) -> None:
    engine = project.settings.warehouse.engine
    if manifest.engine != engine:
        raise ConfigurationError(
            f"the backup is of a warehouse on {manifest.engine}, this project's is on {engine}.",
            where=Location(folder),
            remedy=f"Say `warehouse: {{engine: {manifest.engine}}}` in cdp.yml.",
        )


def _refuse_data(project: Project) -> None:
    if any(project.lake.rglob("*.parquet")):
        raise ConfigurationError(
            "the lake has data already.",
            where=Location(project.lake),
            remedy="Restore into a project that has no data yet: nothing is overwritten.",
        )
    refuse_second(open_warehouse(project).published())
    refuse_used(project.store_url)


def _restore_lake(saved: Path, lake: Path) -> None:
    """The catalogs come last: a batch is there when its catalog is."""
    unfinished = lake.with_name(f"{lake.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    if saved.is_dir():
        shutil.copytree(saved, unfinished)
        shutil.rmtree(lake, ignore_errors=True)
        unfinished.rename(lake)


def _note(project: Project, manifest: Manifest, actor: str) -> None:
    with closing(open_store(project.store_url)) as store, store.writing() as connection:
        entry = {"at": project.clock.now(), "actor": actor, "action": "restore", "subject": "project"}
        connection.execute(insert(audit_log).values(**entry, detail=f"from the backup of {manifest.made_at}"))
