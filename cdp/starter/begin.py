"""Writes the starter project: shared models, the example's own files, and what the compiler generates from them."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

from cdp.errors import ConfigurationError
from cdp.project import SETTINGS_FILE, Project
from cdp.segments.compiler import compile_project, drift, write
from cdp.starter.shared_models import copy_shared_models

FILES = Path(__file__).parent / "files"
EXAMPLE_ORDERS = Path(__file__).parent / "example_orders.csv"

_VARIABLES = {
    "identity_sources": "[shop]",
    "profile_sources": "[shop]",
    "order_sources": "[shop]",
    "event_sources": "[feedback]",
    "consent_sources": "[shop, feedback]",
    "suppression_sources": "[feedback]",
    "message_sources": "[syncs, feedback]",
    "default_calling_code": '"1"',
    "default_trunk_prefix": '"1"',
}


def begin_project(folder: Path, today: date) -> Project:
    """Make a project in `folder`, new or empty; the orders of its example end the day before `today`.

    Raises ConfigurationError where the folder holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} is not an empty folder; name a new or an empty one.")
    copy_shared_models(folder / "dbt_project", _VARIABLES)
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    _name(folder / SETTINGS_FILE, folder.resolve().name)
    _deliver(folder / "inbox" / "shop" / f"orders_{today:%Y%m%d}.csv", today)
    project = Project.load(folder)
    generated = compile_project(project)
    write(drift(project, generated), generated)
    return project


def _name(settings: Path, name: str) -> None:
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("name: my_company", f"name: {json.dumps(name)}"), encoding="utf-8")


def _deliver(file: Path, today: date) -> None:
    """The example's orders, their `days_ago` turned into days before `today`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        EXAMPLE_ORDERS.open(encoding="utf-8", newline="") as example,
        file.open("w", encoding="utf-8", newline="") as out,
    ):
        rows = csv.reader(example)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["ordered_at", *next(rows)[2:]])
        for days_ago, time, *others in rows:
            writer.writerow([f"{today - timedelta(days=int(days_ago))} {time}", *others])
