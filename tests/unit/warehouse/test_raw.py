"""Raw tables as models see them, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from cdp.landing.lake import Lake
from cdp.warehouse.duckdb import FILE_VARIABLE, DuckDBWarehouse
from cdp.warehouse.postgres import PostgresWarehouse
from cdp.warehouse.raw import projected_relation
from tests.doubles.inbox import FILES, Company

AS_OF = datetime(2024, 5, 1, 6)
Look = Callable[[str], pa.Table]


@pytest.fixture(params=["duckdb", "postgres"])
def look(request: pytest.FixtureRequest, company: Company, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Begin a build, and the answer of a query in it."""
    if request.param == "postgres":
        monkeypatch.setenv("CDP_WAREHOUSE_URL", request.getfixturevalue("postgres_database"))
        return lambda sql: _on_postgres(PostgresWarehouse(company.project), sql)
    return lambda sql: _on_duckdb(DuckDBWarehouse(company.project), sql)


def _on_duckdb(warehouse: DuckDBWarehouse, sql: str) -> pa.Table:
    file = warehouse.begin(AS_OF, "f").environment[FILE_VARIABLE]
    with duckdb.connect(file, read_only=True) as connection:
        return connection.sql(sql).to_arrow_table()


def _on_postgres(warehouse: PostgresWarehouse, sql: str) -> pa.Table:
    warehouse.begin(AS_OF, "f")
    with warehouse.candidate() as reader:
        return reader.query(sql).read_all()


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def test_a_table_without_parts_is_empty_and_typed(look: Look) -> None:
    table = look("select * from raw_files.events")
    assert table.num_rows == 0
    metadata = ["_arrival", "_batch", "_file", "_line", "_loaded_at"]
    assert table.schema.names == ["message_id", "email", "sent_at", "properties", "position", *metadata]
    assert pa.types.is_timestamp(table.schema.field("sent_at").type)
    assert table.schema.field("position").type == pa.int64()


def test_new_columns_are_seen(company: Company, look: Look) -> None:
    assert "loyalty_tier" not in look("select * from raw_files.people").schema.names
    company.deliver("people/2.csv", "person_id,loyalty tier\n3,gold\n")
    company.land()
    assert rows(look("select person_id, loyalty_tier from raw_files.people order by _arrival")) == [
        ("1", None),
        ("2", None),
        ("3", "gold"),
    ]


def test_a_newly_declared_column_is_null_in_what_landed_before(company: Company, look: Look) -> None:
    look("select 1")
    company.declare(
        "files", FILES.replace("{name: orders,", "{name: points, data_type: bigint}\n          - {name: orders,")
    )
    assert rows(look("select person_id, points from raw_files.people order by _arrival")) == [("1", None), ("2", None)]
    company.deliver("people/2.csv", "person_id,points\n3,7\n")
    company.land()
    assert rows(look("select points from raw_files.people where points > 5")) == [(7,)]


def test_a_column_that_is_no_longer_declared_stays_as_text(company: Company, look: Look) -> None:
    company.declare("files", FILES.replace("          - {name: orders, data_type: bigint}\n", ""))
    assert rows(look("select person_id, orders from raw_files.people order by _arrival")) == [("1", "2"), ("2", "3")]


def test_parts_are_seen_once_however_often_a_build_begins(company: Company, look: Look) -> None:
    count = "select count(*) as rows from raw_files.people"
    assert [rows(look(count)) for _ in range(3)] == [[(2,)]] * 3
    company.deliver("people/2.csv", "person_id\n3\n")
    company.land()
    assert rows(look(count)) == [(3,)]


def test_an_uncommitted_part_is_not_seen(company: Company, look: Look) -> None:
    part = company.lake.part("files", "people", 1)
    part.with_name("000002.parquet").write_bytes(part.read_bytes())
    assert rows(look("select count(*) as rows from raw_files.people")) == [(2,)]


def test_a_column_declared_after_it_came_gets_its_type(company: Company, look: Look) -> None:
    company.deliver("people/2.csv", "person_id,points\n3,7\n4,many\n")
    company.land()
    assert rows(look("select points from raw_files.people where person_id = '4'")) == [("many",)]
    declared = "{name: points, data_type: bigint}\n          - {name: orders,"
    company.declare("files", FILES.replace("{name: orders,", declared))
    found = look("select points from raw_files.people order by _arrival")
    assert rows(found) == [(None,), (None,), (7,), (None,)]
    assert found.schema.field("points").type == pa.int64()


def test_what_an_older_version_projected_has_every_column(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    folder = tmp_path / "raw/receipts/receipts"
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 1::bigint as seq, 'a' as key) to '{folder}/000000000001-000000000001.parquet'"
        )
        told = connection.execute(f"select seq, key, target from {projected_relation(lake, 'receipts')}").fetchall()
    assert told == [(1, "a", None)]
