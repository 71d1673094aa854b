"""Demo worlds: the whole real year staged once, and small ones of a few households to deliver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from cdp.demo.places import Places, packaged, real_rows
from cdp.demo.streams import CRM, STREAMS
from cdp.demo.world import WorldSpec, build_world
from cdp.project import Project

SETTINGS = """\
name: demo
clock: {kind: file, file: var/demo/clock.json}
inbox: var/demo/inbox
sql_sources:
  crm: {url_env: CDP_TEST_CRM_URL, file: var/demo/crm.sqlite}
"""


def show(places: Places) -> duckdb.DuckDBPyConnection:
    """An engine with a view per staged stream, the truth, and the name lists."""
    engine = duckdb.connect()
    for name in (*(stream.name for stream in STREAMS), CRM):
        engine.execute(f"create view {name} as from read_parquet('{places.world / name / '*.parquet'}')")
    engine.execute(f"create view truth as from read_parquet('{places.truth}')")
    engine.execute(f"create view given_names as from read_csv('{packaged('names', 'given_names.csv')}')")
    engine.execute(f"create view cities as from read_csv('{packaged('names', 'cities.csv')}', all_varchar = true)")
    for name in ("transactions", "campaigns", "coupon_redemptions", "products"):
        engine.execute(f"create view real_{name} as from read_parquet('{real_rows() / name}.parquet')")
    return engine


@pytest.fixture(scope="session")
def whole_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The default world, staged."""
    folder = tmp_path_factory.mktemp("demo")
    places = Places(folder, folder / "inbox")
    build_world(WorldSpec(), places)
    with show(places) as engine:
        yield engine


@pytest.fixture
def make_project() -> Callable[[Path], Project]:
    """Write the settings of a demo company into a folder."""

    def make(folder: Path) -> Project:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cdp.yml").write_text(SETTINGS)
        return Project.load(folder)

    return make


@pytest.fixture
def demo_project(tmp_path: Path, make_project: Callable[[Path], Project]) -> Project:
    return make_project(tmp_path / "project")
