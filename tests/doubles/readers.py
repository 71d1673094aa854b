"""Readers over tables made on the spot: one on DuckDB in memory, one on a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb
import psycopg2
import pyarrow as pa
from psycopg2.extras import execute_values
from sqlalchemy import make_url

from cdp.warehouse.port import Generation

RECEIPTS = (
    "seq bigint, sync varchar, key varchar, operation varchar, verdict varchar, row_hash varchar, remote_id varchar, "
    "target varchar"
)


class MemoryReader:
    """See `cdp.warehouse.port.Reader`."""

    dialect = "duckdb"
    generation = Generation(1, datetime(2024, 5, 1), 1, "test")

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"create table receipts ({RECEIPTS})")

    def load(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        self.connection.execute(f"create or replace table {table} ({columns})")
        if rows:
            content = pa.table([list(column) for column in zip(*rows, strict=True)], columns.split(", "))
            self.connection.register("content", content)
            self.connection.execute(f"insert into {table} from content")

    def relation(self, model: str) -> str:
        return f'"{model}"'

    def receipts(self) -> str:
        return '"receipts"'

    def keep(self, name: str, sql: str) -> str:
        self.connection.execute(f"create or replace temp table {name} as {sql}")
        return f'"temp"."{name}"'

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        return self.connection.sql(sql, params=list(parameters)).to_arrow_reader(1_000)


class PostgresReader:
    """See `cdp.warehouse.port.Reader`; every column comes as text, and all at once."""

    dialect = "postgres"
    generation = MemoryReader.generation

    def __init__(self, url: str) -> None:
        parts = make_url(url)
        self.connection = psycopg2.connect(host=parts.host, port=parts.port, user=parts.username, dbname=parts.database)
        self.connection.autocommit = True

    def load(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(f"drop table if exists {table}")
            cursor.execute(f"create table {table} ({columns})")
            if rows:
                execute_values(cursor, f"insert into {table} values %s", rows)

    def relation(self, model: str) -> str:
        return f'"{model}"'

    def receipts(self) -> str:
        return '"receipts"'

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            names = [column.name for column in cursor.description]
            table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
        return table.to_reader()
