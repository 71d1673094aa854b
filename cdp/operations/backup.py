"""A copy of what cannot be computed again, while runs are at work: the generation, the lake, the operational store.

In this order: what is copied later may know more, and a next run makes it up. A store that is older than the tools are
would send again; a lake that is older than the generation would lose what arrived between.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from cdp.clock import FileClock, SystemClock
from cdp.errors import ConfigurationError, Location
from cdp.landing.lake import Lake
from cdp.operations.manifest import FORMAT, Manifest, digests, write_manifest
from cdp.operations.store_copy import save_store
from cdp.project import Project
from cdp.warehouse import open_warehouse

STORE, LAKE, WAREHOUSE, CLOCK = "store.db", "lake", "warehouse", "clock.json"
# Made again from the store, which has every receipt.
_PROJECTED = "receipts"


def back_up(project: Project, folder: Path) -> Manifest:
    """Write a backup into a new folder that only its owner can read; keys, credentials and declarations are not in it.

    Raises ConfigurationError where the folder exists.
    """
    if folder.exists():
        raise ConfigurationError("there is something already.", where=Location(folder), remedy="Name a new folder.")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    made_at = SystemClock().now()
    generation = open_warehouse(project).save(unfinished / WAREHOUSE)
    batches = _save_lake(Lake(project.lake), unfinished / LAKE)
    save_store(project.store_url, unfinished / STORE)
    if isinstance(project.clock, FileClock):
        shutil.copyfile(project.clock.file, unfinished / CLOCK)
    manifest = Manifest(
        format=FORMAT,
        made_at=made_at.isoformat(),
        version=version("composable-cdp"),
        project=project.name,
        engine=project.settings.warehouse.engine,
        generation=generation.number if generation else None,
        batches=batches,
        files=digests(unfinished),
    )
    write_manifest(unfinished, manifest)
    unfinished.rename(folder)
    return manifest


def _save_lake(lake: Lake, target: Path) -> int:
    """Every batch that is committed now; how many those are."""
    committed = lake.committed_batches()
    tables = [folder for folder in (lake.root / "raw").glob("*/*") if folder.parent.name != _PROJECTED]
    for batch in committed:
        parts = (folder / lake.catalog(batch).name for folder in tables)
        _copy_those_there([*parts, lake.rejects(batch), lake.catalog(batch)], lake.root, target)
    return len(committed)


def _copy_those_there(files: Iterable[Path], root: Path, target: Path) -> None:
    for file in files:
        copied = target / file.relative_to(root)
        copied.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(file, copied)
        except FileNotFoundError:  # a batch brings parts of some tables only, and old rejects go
            copied.unlink(missing_ok=True)
