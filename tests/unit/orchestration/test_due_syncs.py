"""Which syncs have something to do, from the store and the warehouse alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from cdp.errors import GateError
from cdp.pipeline.building import building
from cdp.project import Project
from cdp.store import Store, open_store
from cdp.store.schema import holds, outbox, sync_runs

pytestmark = pytest.mark.filterwarnings("ignore")

SYNC = """\
name: esp_news
description: Everyone.
owner: crm
model: sync_esp__news
destination: esp
object: news
key: email
"""
RUN = {"sync": "esp_news", "destination": "esp", "fencing": 1}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "cdp.yml").write_text(
        "name: shop\nclock: {kind: file}\ndestinations:\n  esp: {type: sandbox_esp, secret_env: CDP_KEY}\n"
    )
    (tmp_path / "dbt_project").mkdir()
    (tmp_path / "dbt_project/dbt_project.yml").write_text("name: cdp\n")
    (tmp_path / "activation/syncs").mkdir(parents=True)
    (tmp_path / "activation/syncs/esp_news.yml").write_text(SYNC)
    _at(tmp_path, "2024-05-01T06:00:00")
    project = Project.load(tmp_path)
    with building(project) as held:
        held.begin()
        held.publish()
    return project


@pytest.fixture
def store(project: Project) -> Iterator[Store]:
    store = open_store(project.store_url)
    yield store
    store.close()


def _at(root: Path, moment: str) -> None:
    (root / "var").mkdir(exist_ok=True)
    (root / "var/clock.json").write_text(json.dumps({"as_of": moment}))


def _ran(store: Store, status: str = "ok", at: str = "2024-05-01T05:00:00", generation: int | None = 1) -> None:
    row = {**RUN, "status": status, "started_at": datetime.fromisoformat(at), "generation": generation}
    with store.writing() as connection:
        connection.execute(insert(sync_runs).values(row))


def _queue(store: Store, not_before: float = 0.0) -> None:
    row = {"sync": "esp_news", "run_id": 1, "position": 0, "operation": "add", "idempotency_key": "k"}
    more = {"row_count": 3, "payload": b"", "queued_at": datetime(2024, 5, 1), "not_before": not_before}
    with store.writing() as connection:
        connection.execute(insert(outbox).values({**row, **more}))


def _hold(store: Store, *, released: bool) -> None:
    moment = datetime(2024, 5, 1)
    row = {"sync": "esp_news", "run_id": 1, "plan_digest": "d", "reason": "r", "held_at": moment}
    with store.writing() as connection:
        connection.execute(insert(holds).values({**row, "released_at": moment if released else None}))


def _due(project: Project) -> list[Any]:
    from orchestration.due_syncs import due_syncs

    return list(due_syncs(project))


def test_one_that_never_ran_is_due(project: Project) -> None:
    assert [each.because for each in _due(project)] == ["it has never run"]


def test_one_that_has_seen_what_is_published_is_not(project: Project, store: Store) -> None:
    _ran(store)
    assert _due(project) == []


def test_one_that_has_not_seen_it_is_looked_at_once_per_generation(project: Project, store: Store) -> None:
    _ran(store, generation=0)
    (found,) = _due(project)
    assert (found.mark, found.generation) == ("generation 1", 1)


def test_a_failed_one_is_due_and_waits_an_hour(project: Project, store: Store) -> None:
    _ran(store, "failed")
    (found,) = _due(project)
    assert (found.because, found.patience) == ("its last run is failed", 3600)


def test_rows_on_their_way_are_asked_for_when_the_tool_wants_to_be_asked(project: Project, store: Store) -> None:
    _ran(store, "pending")
    _queue(store, not_before=time.time() + 600)
    assert _due(project) == []
    with store.writing() as connection:
        connection.execute(outbox.update().values(not_before=0.0))
    assert [each.because for each in _due(project)] == ["3 rows are not answered for"]


def test_a_held_one_waits_for_its_release_or_for_other_data(project: Project, store: Store) -> None:
    _ran(store, "held", generation=None)
    _hold(store, released=False)
    assert [each.mark for each in _due(project)] == ["generation 1"]
    with store.writing() as connection:
        connection.execute(holds.update().values(released_at=datetime(2024, 5, 2)))
    assert [each.because for each in _due(project)] == ["what was held has been released"]


def test_one_whose_gate_is_red_is_not_due(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration import due_syncs

    def red(_: Store, sync: str) -> None:
        raise GateError(f"{sync} is stopped.")

    monkeypatch.setattr(due_syncs, "refuse_stopped", red)
    assert _due(project) == []


@pytest.mark.parametrize(
    ("now", "is_due"),
    [("2024-05-06T07:59:00", False), ("2024-05-06T08:00:00", True), ("2024-05-07T03:00:00", True)],
)
def test_a_schedule_is_honoured(project: Project, store: Store, now: str, is_due: bool) -> None:
    from orchestration.due_syncs import on_schedule

    (project.activation / "syncs/esp_news.yml").write_text(f'{SYNC}schedule: "0 8 * * 1"\n')
    _ran(store, "ok", at="2024-05-01T05:00:00", generation=0)
    _at(project.root, now)
    assert bool(_due(project)) is is_due
    assert on_schedule(project) == (["esp_news"] if is_due else [])


@pytest.fixture
def sensor(project: Project, monkeypatch: pytest.MonkeyPatch) -> Sensor:
    from dagster import AssetKey, Definitions, asset, define_asset_job

    from orchestration.defs import automation

    @asset(key=AssetKey(["sync", "esp_news"]))
    def sync() -> None: ...

    job = define_asset_job(automation.ACTIVATE, [AssetKey(["sync", "esp_news"])])
    found = automation.when_syncs_are_due(project, job)
    moment = Sensor(found, Definitions(assets=[sync], jobs=[job], sensors=[found]))
    monkeypatch.setattr(automation, "has_changed", lambda *_: moment.changed)
    monkeypatch.setattr(automation.time, "time", lambda: moment.now)
    return moment


@dataclass
class Sensor:
    """The sensor, at a moment that we set, with the cursor that it left."""

    sensor: Any
    definitions: Any
    changed: bool = True
    now: float = 1e9
    cursor: str | None = None

    def look(self) -> tuple[list[str], int]:
        """The reasons of the runs that it asks for, and how many syncs it notes as unchanged."""
        from dagster import DagsterInstance, build_sensor_context

        with DagsterInstance.ephemeral() as instance:
            context = build_sensor_context(instance, cursor=self.cursor, definitions=self.definitions)
            result = self.sensor(context)
        self.cursor = result.cursor
        return [request.tags["cdp/because"] for request in result.run_requests or ()], len(result.asset_events)


def test_a_changed_audience_is_asked_for_once_and_again_where_nothing_came_of_it(store: Store, sensor: Sensor) -> None:
    _ran(store, generation=0)
    assert sensor.look() == (["esp_news: its audience has changed"], 0)
    assert sensor.look() == ([], 0)
    sensor.now += 3600
    assert sensor.look() == (["esp_news: its audience has changed"], 0)
    _ran(store, generation=1)
    sensor.now += 3600
    assert sensor.look() == ([], 0)


def test_an_audience_that_is_the_same_is_noted_and_not_run(store: Store, sensor: Sensor) -> None:
    _ran(store, generation=0)
    sensor.changed = False
    assert sensor.look() == ([], 1)
    assert sensor.look() == ([], 0)


def test_what_is_held_is_not_asked_for_again_with_the_same_data(store: Store, sensor: Sensor) -> None:
    _ran(store, "held", generation=None)
    _hold(store, released=False)
    assert sensor.look() == (["esp_news: its audience has changed"], 0)
    sensor.now += 36_000
    assert sensor.look() == ([], 0)
