"""Raw tables as the engine sees them: declared columns always, new columns where a part has them, load metadata."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from cdp.declarations.sources import SourceTable, SqlLanding
from cdp.landing.lake import Lake, parquet_relation

METADATA = {"_arrival": "bigint", "_batch": "bigint", "_file": "bigint", "_line": "bigint", "_loaded_at": "timestamp"}
RECEIPT_COLUMNS = {
    "seq": "bigint",
    "sync": "varchar",
    "destination": "varchar",
    "target": "varchar",
    "run_id": "bigint",
    "key": "varchar",
    "operation": "varchar",
    "verdict": "varchar",
    "row_hash": "varchar",
    "code": "varchar",
    "reason": "varchar",
    "remote_id": "varchar",
    "at": "timestamp",
    "generation": "bigint",
}


SYNC_RUN_COLUMNS = {
    "closed_seq": "bigint",
    "run_id": "bigint",
    "sync": "varchar",
    "destination": "varchar",
    "status": "varchar",
    "reason": "varchar",
    "generation": "bigint",
    "started_at": "timestamp",
    "finished_at": "timestamp",
    "planned": "bigint",
    "ok": "bigint",
    "rejected": "bigint",
    "unknown": "bigint",
    "suppressed": "bigint",
    "held": "bigint",
    "in_flight": "bigint",
}
CHECK_COLUMNS = {
    "check_run_id": "bigint",
    "check_name": "varchar",
    "boundary": "varchar",
    "table_name": "varchar",
    "verdict": "varchar",
    "value": "double precision",
    "low": "double precision",
    "high": "double precision",
    "median": "double precision",
    "observations": "bigint",
    "told": "varchar",
    "stops": "varchar",
    "at": "timestamp",
    "batch": "bigint",
    "generation": "bigint",
}
# What the operational store tells the warehouse, under `raw_receipts`.
PROJECTED = {"receipts": RECEIPT_COLUMNS, "sync_runs": SYNC_RUN_COLUMNS, "checks": CHECK_COLUMNS}


def projected_parts(lake: Lake, table: str) -> list[Path]:
    """The parts `<first>-<last>.parquet` of one of `PROJECTED`, oldest first."""
    return sorted((lake.root / "raw" / "receipts" / table).glob("*-*.parquet"))


def projected_relation(lake: Lake, table: str) -> str:
    """SQL for DuckDB for what has been projected of one of `PROJECTED`; typed, with every column, whoever wrote it."""
    parts = projected_parts(lake, table)
    if not parts:
        return no_rows(PROJECTED[table])
    found = parquet_relation(parts)
    # The newest part is the first to have what was added to the declaration.
    if set(PROJECTED[table]) <= set(pq.read_schema(parts[-1]).names):
        return found
    return f"(select * from {no_rows(PROJECTED[table])} as none union all by name select * from {found} as told)"


def no_rows(columns: dict[str, str]) -> str:
    """SQL for DuckDB for a relation that has these columns and nothing in them."""
    return f"(select {', '.join(_absent(name, kind) for name, kind in columns.items())} where false)"


def raw_columns(table: SourceTable) -> dict[str, str]:
    """Columns that a raw table always has, with their types; JSON is kept as text."""
    columns = {column.name: "varchar" if column.data_type == "json" else column.data_type for column in table.columns}
    operation = {"_op": "varchar"} if isinstance(table.landing, SqlLanding) else {}
    return {**columns, **operation, **METADATA}


def part_columns(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Columns that landed parts have, with their types."""
    return {name: str(kind).lower() for name, kind, *_ in connection.execute(f"describe {relation}").fetchall()}


def expose_raw_views(connection: duckdb.DuckDBPyConnection, tables: Iterable[SourceTable], lake: Lake) -> None:
    """A view per raw table over exactly the parts that are committed now."""
    for table in tables:
        connection.execute(f"create schema if not exists raw_{table.source}")
        connection.execute(f"create or replace view {table.qualified_name} as {_view(connection, table, lake)}")


def expose_projections(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """A view per table of `PROJECTED` over the parts that are there now; a column that an older part lacks is null."""
    connection.execute("create schema if not exists raw_receipts")
    for table, columns in PROJECTED.items():
        relation = projected_relation(lake, table)
        there = part_columns(connection, f"select * from {relation}")
        shown = ", ".join(_shown(name, kind, there.get(name)) for name, kind in columns.items())
        connection.execute(f"create or replace view raw_receipts.{table} as select {shown} from {relation}")


def _view(connection: duckdb.DuckDBPyConnection, table: SourceTable, lake: Lake) -> str:
    columns, parts = raw_columns(table), lake.parts(table.source, table.name)
    if not parts:
        return f"select {', '.join(_absent(name, kind) for name, kind in columns.items())} where false"
    relation = f"select * from {parquet_relation(parts)}"
    landed = part_columns(connection, relation)
    shown = [_shown(name, kind, landed.get(name)) for name, kind in columns.items()]
    # Text, as on every engine: nobody has said what it is.
    shown += [f'cast("{name}" as varchar) as "{name}"' for name in landed if name not in columns]
    return f"select {', '.join(shown)} from ({relation})"


def _shown(name: str, kind: str, landed: str | None) -> str:
    if landed is None:
        return _absent(name, kind)
    # A column that was new before it was declared has landed as text.
    return f'"{name}"' if landed == kind else f'try_cast("{name}" as {kind}) as "{name}"'


def _absent(name: str, kind: str) -> str:
    return f'cast(null as {kind}) as "{name}"'
