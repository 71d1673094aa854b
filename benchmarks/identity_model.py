"""The dbt model of the identity graph at full size, as `dbt build` runs it: start-up, evidence, graph, key test."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from benchmarks.measures import Row, beside, timed
from cdp.pipeline.dbt import dbt_command, dbt_environment, run_dbt
from cdp.project import Project
from cdp.warehouse import Build, open_warehouse

ROOT = Path(__file__).parents[1]
AS_OF = datetime(2024, 5, 31, 12)
BAR_S = 36.0
LINKS_PER_RECORD = 3
MODELS = ("int_identity__evidence", "int_identity__components")
# People have fifteen records, of which every second has a name: a named one is linked by four rules, another by two.
RECORDS = """
create or replace temp table records as
select
    i + 1 as node_id,
    'crm:contact:' || (i + 1) as record_key,
    'reader' || (i // 3) || '@example.com' as email,
    '+1555' || lpad(cast(i // 5 as varchar), 8, '0') as phone,
    case when i % 2 = 0 then 'name ' || (i // 15) end as name_key
from range({records}) as r (i)
"""
OBSERVATIONS = """
insert into cdp.int_identity__observations by name
select
    record_key, type as identifier_type, value as identifier_value, 'crm' as source_name, name_key,
    name_key as least_name_key, false as is_deleted, false as is_transaction, timestamp '2024-01-01' as first_seen_at,
    timestamp '2024-01-01' as last_seen_at, 1 as times_observed, node_id as _arrival, node_id as _last_arrival
from (
    select *, null as type, null as value from records
    union all
    select *, 'email' as type, email as value from records
    union all
    select *, 'phone' as type, phone as value from records
) as shown
"""
NODES = "insert into cdp.int_identity__nodes by name select record_key, node_id, node_id as _arrival from records"


def model_row(edges: int, folder: Path) -> Row:
    """Build the two models from nothing over given observations, in an empty project in `folder`."""
    project = _project(folder)
    build = open_warehouse(project).begin(AS_OF, "benchmark")
    _make_upstream(project, build)
    _fill_upstream(build, edges // LINKS_PER_RECORD)
    command = [*dbt_command(), "build", "--full-refresh", "--select", *MODELS, "--target", build.target]
    timing = timed(command, dbt_environment(project, build.environment))
    return beside(f"dbt build of the graph, {_links(build):,} edges, start-up included", timing, "bar at 10M", BAR_S)


def _project(folder: Path) -> Project:
    folder.mkdir(parents=True)
    settings = [*(ROOT / "cdp.yml").read_text().splitlines(), f"dbt_project: {ROOT / 'dbt_project'}"]
    (folder / "cdp.yml").write_text("\n".join(settings) + "\n")
    return Project.load(folder)


def _make_upstream(project: Project, build: Build) -> None:
    """Every table that the models read, empty; seeds as they are."""
    selected = ["--select", "+int_identity__components", "--exclude-resource-type", "test", "unit_test"]
    finished = run_dbt(project, ["build", *selected, "--target", build.target], build.environment, capture=True)
    if finished.returncode:
        raise RuntimeError(finished.stdout)


def _fill_upstream(build: Build, records: int) -> None:
    with duckdb.connect(build.environment["CDP_DUCKDB_FILE"]) as connection:
        for statement in (RECORDS.format(records=records), OBSERVATIONS, NODES):
            connection.execute(statement)


def _links(build: Build) -> int:
    with duckdb.connect(build.environment["CDP_DUCKDB_FILE"], read_only=True) as connection:
        ((links,),) = connection.execute(
            "select count(*) from cdp.int_identity__components__evidence where rule <> 'record'"
        ).fetchall()
        return int(links)
