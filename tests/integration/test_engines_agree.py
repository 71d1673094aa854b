"""PostgreSQL gives the rows that DuckDB gives, and a build from the change what a build from scratch gives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp.demo.world import WorldSpec
from cdp.demo.year import DemoYear
from cdp.landing.land import land
from cdp.pipeline.dbt import run_dbt
from cdp.project import Project
from cdp.warehouse import Reader, open_warehouse

ROOT = Path(__file__).parents[2]
# What a full refresh does not give again, by design: histories that say when something was first noticed.
HISTORIES = {
    "fct_segment_memberships",
    "fct_audience_assignments",
    "rpt_segment_flows",
    "int_identity__id_changes",
    "int_identity__merges",
    "dim_customer_ids",
    # What the last run did to the graph, and which run that was.
    "int_identity__components__changes",
    "int_identity__components__runs",
}

SETTINGS = """
name: engines
clock: {{kind: file, file: var/demo/clock.json}}
inbox: var/demo/inbox
dbt_project: {root}/dbt_project
activation: {root}/activation
warehouse: {{engine: {engine}}}
sql_sources:
  crm: {{url_env: ENGINES_CRM_URL, file: var/demo/crm.sqlite}}
"""


def project_at(folder: Path, engine: str) -> Project:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cdp.yml").write_text(SETTINGS.format(root=ROOT, engine=engine))
    return Project.load(folder)


def build(project: Project, *arguments: str) -> None:
    warehouse = open_warehouse(project)
    started = warehouse.begin(project.clock.now(), "test")
    command = ["build", "--quiet", "--target", started.target, "--exclude-resource-type", "unit_test", *arguments]
    finished = run_dbt(project, command, started.environment, capture=True)
    assert finished.returncode == 0, finished.stdout[-3000:]
    warehouse.publish()


def rows_of(project: Project) -> dict[str, list[str]]:
    """Every built table as sorted lines of text: engines may differ in nothing that a text shows."""
    with open_warehouse(project).reader() as reader:
        return {table: _lines(reader, table) for table in _tables(project)}


def _tables(project: Project) -> dict[str, list[str]]:
    with open_warehouse(project).reader() as reader:
        listed = reader.query(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = 'cdp' and table_name not like 'stg_%' order by table_name, column_name"
        ).read_all()
    tables: dict[str, list[str]] = {}
    for table, column in zip(listed["table_name"].to_pylist(), listed["column_name"].to_pylist(), strict=True):
        tables.setdefault(table, []).append(column)
    return tables


def _lines(reader: Reader, table: str) -> list[str]:
    columns = reader.query(f"select * from {reader.relation(table)} where 1 = 0").schema.names
    names = ", ".join(f'"{name}"' for name in sorted(columns))
    found = reader.query(f"select {names} from {reader.relation(table)}").read_all()
    with duckdb.connect() as connection:
        connection.register("found", found)
        text = " || '|' || ".join(f"coalesce(cast(\"{name}\" as varchar), '∅')" for name in sorted(columns))
        return [line for (line,) in connection.execute(f"select {text} as line from found order by line").fetchall()]


def assert_same(left: dict[str, list[str]], right: dict[str, list[str]], *, apart_from: set[str] = frozenset()) -> None:
    tables = (left.keys() & right.keys()) - apart_from
    assert {"dim_customers", "fct_orders", "audience_members", "sync_esp__newsletter"} <= tables
    different = [table for table in sorted(tables) if left[table] != right[table]]
    assert not different, f"these tables differ: {different}"


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Project]]:
    """A DuckDB project whose demo stands in late October, and a PostgreSQL one that shares its inbox and lake."""
    folder = tmp_path_factory.mktemp("engines")
    project = project_at(folder / "duckdb", "duckdb")
    DemoYear(project).begin(WorldSpec(households=100), date(2017, 10, 30))
    yield project, project_at(folder / "postgres", "postgres")


@pytest.fixture
def postgres_warehouse(postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_WAREHOUSE_URL", postgres_database)


@pytest.mark.usefixtures("postgres_warehouse")
def test_both_engines_give_the_same_rows_at_first_and_after_a_day(worlds: tuple[Project, Project]) -> None:
    embedded, server = worlds
    land(embedded, embedded.clock.now())
    share(embedded, server)
    build(embedded)
    build(server)
    assert_same(rows_of(embedded), rows_of(server))

    DemoYear(embedded).next_days(2)
    land(embedded, embedded.clock.now())
    share(embedded, server)
    build(embedded)
    build(server)
    from_the_change = rows_of(embedded)
    assert_same(from_the_change, rows_of(server))

    build(server, "--full-refresh", "--select", "+int_identity__edges")
    assert_same(from_the_change, rows_of(server), apart_from=HISTORIES)

    shutil.rmtree(embedded.warehouse_folder)
    build(embedded)
    assert_same(from_the_change, rows_of(embedded), apart_from=HISTORIES)


def share(source: Project, target: Project) -> None:
    for folder in ("lake", "demo"):
        shutil.copytree(source.state / folder, target.state / folder, dirs_exist_ok=True)
