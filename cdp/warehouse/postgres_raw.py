"""Landed parts into raw tables: binary COPY, each part once, in one transaction with the list of what was copied."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import pyarrow.parquet as pq

from cdp.declarations.sources import RAW_PREFIX, SourceTable
from cdp.landing.lake import Lake, parquet_relation
from cdp.warehouse.raw import PROJECTED, projected_parts, raw_columns

ROWS_PER_BATCH = 50_000
_SPELLINGS = {"character varying": "varchar", "timestamp without time zone": "timestamp"}


def copy_new_parts(connection: adbc.Connection, tables: Iterable[SourceTable], lake: Lake) -> None:
    """Every committed part that is not in its raw table yet; a new column is added first."""
    for table in tables:
        _ensure_table(connection, f"raw_{table.source}", table.name, raw_columns(table))
        parts = lake.parts(table.source, table.name)
        if _copy(connection, f"raw_{table.source}", table.name, parts, lake.root):
            _execute(connection, f'analyze raw_{table.source}."{table.name}"')


def copy_projections(connection: adbc.Connection, lake: Lake) -> None:
    """Every part that the operational store has projected and `raw_receipts` does not have yet."""
    for table, columns in PROJECTED.items():
        _ensure_table(connection, "raw_receipts", table, columns)
        _copy(connection, "raw_receipts", table, projected_parts(lake, table), lake.root)


def _ensure_table(connection: adbc.Connection, schema: str, name: str, columns: dict[str, str]) -> None:
    _execute(connection, f"create schema if not exists {schema}")
    existing = _column_types(connection, schema, name)
    if any(existing.get(column, kind) != kind for column, kind in columns.items()):
        _forget(connection, schema, name)
        existing = {}
    typed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    _execute(connection, f'create table if not exists {schema}."{name}" ({typed})')
    for column in columns.keys() - existing.keys() if existing else ():
        _execute(connection, f'alter table {schema}."{name}" add column "{column}" {columns[column]}')


def _forget(connection: adbc.Connection, schema: str, name: str) -> None:
    """Drop a table whose declared types changed, so that every part is copied anew; a build makes its views again."""
    _execute(connection, f'drop table {schema}."{name}" cascade')
    folder = f"raw/{schema.removeprefix(RAW_PREFIX)}/{name}/"
    _execute(connection, "delete from control.copied_parts where starts_with(path, $1)", folder)


def _copy(connection: adbc.Connection, schema: str, name: str, parts: list[Path], root: Path) -> bool:
    copied = {path for (path,) in _fetch(connection, "select path from control.copied_parts")}
    fresh = [part for part in parts if str(part.relative_to(root)) not in copied]
    for part in fresh:
        existing = _column_types(connection, schema, name)
        landed = pq.read_schema(part).names
        for column in landed:
            if column not in existing:
                _execute(connection, f'alter table {schema}."{name}" add column "{column}" varchar')
        _ingest(connection, schema, name, part, {column: existing.get(column, "varchar") for column in landed})
        _execute(connection, "insert into control.copied_parts values ($1)", str(part.relative_to(root)))
    return bool(fresh)


def _ingest(connection: adbc.Connection, schema: str, name: str, part: Path, columns: dict[str, str]) -> None:
    # A part may have landed under an earlier declaration, with other types.
    typed = ", ".join(f'try_cast("{column}" as {kind}) as "{column}"' for column, kind in columns.items())
    with duckdb.connect() as engine, connection.cursor() as cursor:
        rows = engine.sql(f"select {typed} from {parquet_relation([part])}").to_arrow_reader(ROWS_PER_BATCH)
        cursor.adbc_ingest(name, rows, mode="append", db_schema_name=schema)


def _column_types(connection: adbc.Connection, schema: str, name: str) -> dict[str, str]:
    """Types by column name, spelled as declarations do; empty where there is no such table."""
    rows = _fetch(
        connection,
        "select attname::text, format_type(atttypid, atttypmod) "
        "from pg_attribute join pg_class on attrelid = pg_class.oid "
        "where relnamespace = to_regnamespace($1) and relname = $2 and attnum > 0 and not attisdropped",
        schema,
        name,
    )
    return {column: _SPELLINGS.get(kind, kind.replace("numeric", "decimal")) for column, kind in rows}


def _execute(connection: adbc.Connection, sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)


def _fetch(connection: adbc.Connection, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return [tuple(row) for row in cursor.fetchall()]
