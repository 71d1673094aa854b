"""A warehouse of either engine in which a test builds models of a few rows, as dbt would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import pytest

from cdp.project import Project
from cdp.warehouse import Generation, Reader, Warehouse, open_warehouse
from cdp.warehouse.duckdb import FILE_VARIABLE
from tests.doubles.inbox import Company

AS_OF = datetime(2024, 5, 1, 6)
MODEL = "sync_esp__newsletter"


@dataclass(frozen=True)
class Engine:
    """The project's warehouse; a model has a key `id` and a `value`."""

    project: Project
    url: str = ""

    @property
    def warehouse(self) -> Warehouse:
        return open_warehouse(self.project)

    def build(self, rows: Sequence[tuple[str, str]], fingerprint: str = "f", model: str = MODEL) -> None:
        """Begin a build and give the model these rows."""
        build = self.warehouse.begin(AS_OF, fingerprint)
        values = ", ".join(f"('{key}', '{value}')" for key, value in rows)
        schema = "cdp_work" if self.url else "cdp"
        self._run(
            build.environment,
            f"create schema if not exists {schema}",
            f"drop table if exists {schema}.{model}",
            f"create table {schema}.{model} (id varchar, value varchar)",
            f"insert into {schema}.{model} values {values}",
        )

    def publish(self, *rows: tuple[str, str], fingerprint: str = "f") -> Generation:
        self.build(rows, fingerprint)
        return self.warehouse.publish()

    def read(self, number: int | None = None) -> list[tuple[str, str]]:
        warehouse = self.warehouse
        with warehouse.reader() if number is None else warehouse.reader_of(number) as reader:
            return rows_of(reader)

    def candidate(self) -> list[tuple[str, str]]:
        with self.warehouse.candidate() as reader:
            return rows_of(reader)

    def _run(self, environment: dict[str, str], *statements: str) -> None:
        connection: Any = adbc.connect(self.url) if self.url else duckdb.connect(environment[FILE_VARIABLE])
        with connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            cursor.close()
            connection.commit() if self.url else None


def on_engine(company: Company, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The company with its warehouse on the engine that the fixture's parameter names."""
    settings = company.root / "cdp.yml"
    settings.write_text(settings.read_text() + f"warehouse: {{engine: {request.param}}}\n")
    (company.root / "dbt_project/dbt_project.yml").touch()
    if request.param == "duckdb":
        return Engine(Project.load(company.root))
    url = request.getfixturevalue("postgres_database")
    monkeypatch.setenv("CDP_WAREHOUSE_URL", url)
    return Engine(Project.load(company.root), url)


def rows_of(reader: Reader) -> list[tuple[str, str]]:
    found = reader.query(f"select id, value from {reader.relation(MODEL)} order by id").read_all().to_pylist()
    return [(row["id"], row["value"]) for row in found]
