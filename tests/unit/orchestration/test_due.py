"""When there is something to land, and something to build; and what becomes of a build that ends early."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cdp.errors import BusyError, GateError
from cdp.landing.lake import Lake
from cdp.landing.land import land
from cdp.pipeline.building import building
from cdp.pipeline.due import build_is_due, last_data_batch, unseen_files
from cdp.project import Project
from cdp.warehouse import open_warehouse

SOURCES = """\
sources:
  - name: raw_shop
    tables:
      - name: orders
        config: {meta: {landing: {format: ndjson, files: "orders/*.ndjson"}}}
        columns:
          - {name: order_id, data_type: bigint, config: {meta: {required: true}}}
"""


@pytest.fixture
def company(tmp_path: Path) -> Project:
    staging = tmp_path / "dbt_project/models/staging/shop"
    staging.mkdir(parents=True)
    (staging / "_shop__sources.yml").write_text(SOURCES)
    (tmp_path / "dbt_project/dbt_project.yml").write_text("name: cdp\n")
    (tmp_path / "cdp.yml").write_text("name: shop\nclock: {kind: file}\n")
    (tmp_path / "var/inbox/orders").mkdir(parents=True)
    (tmp_path / "var/clock.json").write_text('{"as_of": "2024-05-01T00:00:00"}')
    return Project.load(tmp_path)


def _deliver(project: Project, name: str, text: str = '{"order_id": 1}\n') -> None:
    (project.inbox / "orders" / name).write_text(text)


def _land(project: Project) -> None:
    land(project, project.clock.now())


def _build(project: Project) -> None:
    with building(project) as held:
        held.begin()
        held.publish()


def _files(project: Project) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in project.warehouse_folder.rglob("*") if file.is_file()}


def test_new_files_are_seen_once(company: Project) -> None:
    assert unseen_files(company) == ""
    _deliver(company, "1.ndjson")
    first = unseen_files(company)
    assert first and first == unseen_files(company)
    _land(company)
    assert unseen_files(company) == ""
    _deliver(company, "2.ndjson.tmp")
    assert unseen_files(company) == ""


def test_a_build_is_due_until_it_is_published(company: Project) -> None:
    _deliver(company, "1.ndjson")
    _land(company)
    assert build_is_due(company)
    _build(company)
    assert not build_is_due(company)


@pytest.mark.parametrize("change", ["rows", "clock", "code"])
def test_a_build_is_due_when_something_has_changed(company: Project, change: str) -> None:
    _build(company)
    match change:
        case "rows":
            _deliver(company, "1.ndjson")
            _land(company)
        case "clock":
            (company.root / "var/clock.json").write_text(json.dumps({"as_of": "2024-05-02T00:00:00"}))
        case "code":
            (company.dbt_project / "models" / "m.sql").write_text("select 1")
    assert build_is_due(company)


def test_a_batch_without_rows_makes_no_build_due(company: Project) -> None:
    _deliver(company, "1.ndjson")
    _land(company)
    _build(company)
    _deliver(company, "again.ndjson")
    _land(company)
    assert (Lake(company.lake).last_batch(), last_data_batch(Lake(company.lake))) == (2, 1)
    assert not build_is_due(company)


def test_what_is_not_published_is_thrown_away(company: Project) -> None:
    _build(company)
    before = _files(company)
    (company.dbt_project / "models" / "m.sql").write_text("select 1")
    with pytest.raises(RuntimeError, match="broke"), building(company) as held:
        held.begin()
        raise RuntimeError("it broke")
    assert _files(company) == before
    assert open_warehouse(company).building() is None


def test_one_build_at_a_time(company: Project) -> None:
    with building(company), pytest.raises(BusyError, match="another run of build is at work"), building(company):
        pass


def test_nothing_is_built_outside_of_a_build(company: Project) -> None:
    with building(company) as held, pytest.raises(GateError, match="no build has begun"):
        held.current()
