"""Landed parts into raw tables: binary COPY, each part once, in one transaction with the list of what was copied."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
import pyarrow.parquet as pq

from cdp.declarations.sources import SourceTable
from cdp.landing.lake import Lake
from cdp.warehouse.raw import RECEIPT_COLUMNS, raw_columns

ROWS_PER_BATCH = 50_000


def copy_new_parts(connection: adbc.Connection, tables: Iterable[SourceTable], lake: Lake) -> None:
    """Every committed part that is not in its raw table yet; a new column is added first."""
    for table in tables:
        _ensure_table(connection, f"raw_{table.source}", table.name, raw_columns(table))
        parts = lake.parts(table.source, table.name)
        if _copy(connection, f"raw_{table.source}", table.name, parts, lake.root):
            _execute(connection, f'analyze raw_{table.source}."{table.name}"')


def copy_new_receipts(connection: adbc.Connection, lake: Lake) -> None:
    """Every projected part of receipts that is not in `raw_receipts.receipts` yet."""
    _ensure_table(connection, "raw_receipts", "receipts", RECEIPT_COLUMNS)
    parts = sorted((lake.root / "raw" / "receipts" / "receipts").glob("*.parquet"))
    _copy(connection, "raw_receipts", "receipts", parts, lake.root)


def _ensure_table(connection: adbc.Connection, schema: str, name: str, columns: dict[str, str]) -> None:
    _execute(connection, f"create schema if not exists {schema}")
    typed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    _execute(connection, f'create table if not exists {schema}."{name}" ({typed})')
    existing = _column_names(connection, schema, name)
    for column, kind in columns.items():
        if column not in existing:
            _execute(connection, f'alter table {schema}."{name}" add column "{column}" {kind}')


def _copy(connection: adbc.Connection, schema: str, name: str, parts: list[Path], root: Path) -> bool:
    copied = {path for (path,) in _fetch(connection, "select path from control.copied_parts")}
    fresh = [part for part in parts if str(part.relative_to(root)) not in copied]
    for part in fresh:
        with pq.ParquetFile(part) as file:
            existing = _column_names(connection, schema, name)
            for column in file.schema_arrow.names:
                if column not in existing:
                    _execute(connection, f'alter table {schema}."{name}" add column "{column}" varchar')
            _ingest(connection, schema, name, file)
        _execute(connection, "insert into control.copied_parts values ($1)", str(part.relative_to(root)))
    return bool(fresh)


def _ingest(connection: adbc.Connection, schema: str, name: str, file: pq.ParquetFile) -> None:
    batches = file.iter_batches(batch_size=ROWS_PER_BATCH)
    reader = pa.RecordBatchReader.from_batches(file.schema_arrow, batches)
    with connection.cursor() as cursor:
        cursor.adbc_ingest(name, reader, mode="append", db_schema_name=schema)


def _column_names(connection: adbc.Connection, schema: str, name: str) -> set[str]:
    rows = _fetch(
        connection,
        "select column_name::text from information_schema.columns where table_schema = $1 and table_name = $2",
        schema,
        name,
    )
    return {column for (column,) in rows}


def _execute(connection: adbc.Connection, sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)


def _fetch(connection: adbc.Connection, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return [tuple(row) for row in cursor.fetchall()]
