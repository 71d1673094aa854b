"""A project that an older version left: its store migrates, what it landed and built is read, nothing is sent twice.

`older_state/` was written by a former version for the company of `cdp init`: the store as SQL, the lake as it was, the
published generation's tables as Parquet. Once a version is tagged, the proof takes that version's own state instead.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp.operations.metrics import exposition
from cdp.project import Project
from cdp.starter.begin import begin_project
from cdp.store import open_store
from cdp.store.schema import receipts, sync_runs
from cdp.store.upgrading import upgrade
from orchestration.status import project_status
from reverse_etl.runs import plan_syncs

STATE = Path(__file__).parent / "older_state"
CDP = str(Path(sys.executable).with_name("cdp"))
A_DAY_LATER = "2026-11-23T06:00:00"


def upgraded(root: Path) -> Project:
    """This version's declarations around the older version's data."""
    begin_project(root, date(2026, 11, 22))
    settings = root / "cdp.yml"
    settings.write_text(settings.read_text().replace("kind: system", "kind: file, file: var/clock.json"))
    for file in (root / "inbox").rglob("*.csv"):
        file.unlink()
    state = root / "var"
    (state / "warehouse/000001").mkdir(parents=True)
    (state / "clock.json").write_text(json.dumps({"as_of": A_DAY_LATER}))
    shutil.copytree(STATE / "lake", state / "lake")
    shutil.copy(STATE / "published.json", state / "warehouse")
    shutil.copy(STATE / "published.json", state / "warehouse/000001/generation.json")
    with closing(sqlite3.connect(state / "store.db")) as store:
        store.executescript((STATE / "store.sql").read_text())
    with duckdb.connect(str(state / "warehouse/000001/warehouse.duckdb")) as generation:
        for file in sorted((STATE / "generation").glob("*.parquet")):
            schema, table, _ = file.name.split(".")
            generation.execute(f"create schema if not exists {schema}")
            generation.execute(f'create table {schema}."{table}" as from read_parquet(?)', [str(file)])
    return Project.load(root)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return upgraded(tmp_path / "shop")


def test_before_the_first_run_everything_is_read_and_nothing_is_planned(project: Project) -> None:
    with closing(open_store(project.store_url)) as store:
        with store.reading() as connection:
            assert connection.scalar(sync_runs.select().with_only_columns(sync_runs.c.ok)) == 7
            assert len(connection.execute(receipts.select()).all()) > 0
        upgrade(store.reading, store.writing)
    plans = [plan.counts for plan in plan_syncs(project)]
    assert [(plan.operations, plan.unchanged) for plan in plans] == [(0, 7)]
    status = project_status(project)
    assert status["published"]["number"] == 1
    assert status["build_is_due"]
    assert [sync["acknowledged"] for sync in status["syncs"]] == [7]
    assert "cdp_generation_number 1\n" in exposition(project)


@pytest.mark.proof
def test_the_next_run_builds_and_sends_nothing_twice(project: Project) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDP_")}
    ended = subprocess.run(
        [CDP, "run", "--json"], cwd=project.root, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["built"]["number"] == 2
    assert [(sync["planned"], sync["plan"]["unchanged"]) for sync in told["syncs"]] == [(0, 7)]
