"""A SQL table landed as changes: read whole, compared with what landed last (ADR 2).

Deletes are seen as keys that are gone: the source needs neither a trigger nor a changed-at column that can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from cdp.declarations.sources import SourceTable, SqlLanding
from cdp.errors import LandingError
from cdp.landing.discovery import InboxFile
from cdp.landing.files import FileOutcome, append_rows
from cdp.landing.judge import judge
from cdp.landing.lake import Lake, quoted
from cdp.landing.readers import quoted_name

ROWS_PER_BATCH = 20_000


def land_sql_table(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, url: str, lake: Lake, number: int
) -> FileOutcome | None:
    """Gather the changes since the last landing in `part`, each with `_op`; None where nothing changed.

    Raises LandingError where the source cannot be reached, or is empty though it was not before.
    """
    rows = _read(connection, table, url)
    judge(connection, table)
    _load_state(connection, table, lake)
    (known,) = connection.execute("select count(*) from state").fetchall()[0]
    if rows == 0 and known:
        raise LandingError(
            f"{table.qualified_name} is empty at the source, and was not before.",
            where=table.location,
            remedy="If its rows are really gone, delete them in two steps; else restore the source.",
        )
    landed = _append_changes(connection, table, number)
    rejected = _set_aside_new(connection, table, lake, number)
    if not landed and not rejected:
        return None
    file = InboxFile(number, Path(), f"{table.source}.{table.name}", rows, 0, "")
    return FileOutcome(file, "landed", None, landed + rejected, landed, rejected)


def _read(connection: duckdb.DuckDBPyConnection, table: SourceTable, url: str) -> int:
    names = [column.source_name for column in table.columns]
    reader = pa.RecordBatchReader.from_batches(pa.schema([(name, pa.string()) for name in names]), _batches(table, url))
    connection.register("sql_rows", reader)
    try:
        connection.execute(
            "create or replace temp table incoming as "
            "select cast(? as bigint) as _file, row_number() over () as _line, "
            "cast(null as varchar) as _text, cast(null as varchar) as _problem, * from sql_rows",
            [0],
        )
    finally:
        connection.unregister("sql_rows")
    (count,) = connection.execute("select count(*) from incoming").fetchall()[0]
    return int(count)


def _batches(table: SourceTable, url: str) -> Iterator[pa.RecordBatch]:
    landing = table.landing
    assert isinstance(landing, SqlLanding)
    columns: list[sa.ColumnClause[object]] = [sa.column(column.source_name) for column in table.columns]
    statement = sa.select(*columns).select_from(sa.table(landing.table)).order_by(*map(sa.column, landing.key))
    engine = sa.create_engine(url)
    try:
        with engine.connect() as source:
            result = source.execution_options(stream_results=True).execute(statement)
            for rows in result.partitions(ROWS_PER_BATCH):
                values = [
                    pa.array([_as_text(value) for value in column], pa.string()) for column in zip(*rows, strict=True)
                ]
                yield pa.record_batch(values, [column.source_name for column in table.columns])
    except sa.exc.SQLAlchemyError as error:
        raise LandingError(
            f"{table.qualified_name} cannot be read from its database ({type(error).__name__}).",
            where=table.location,
            remedy="Check its URL in the environment, and that the table has the declared columns.",
        ) from None
    finally:
        engine.dispose()


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _load_state(connection: duckdb.DuckDBPyConnection, table: SourceTable, lake: Lake) -> None:
    """`state`: each row as it landed last, without those whose delete has landed."""
    names = ", ".join(quoted_name(column.name) for column in table.columns)
    parts = lake.parts(table.source, table.name)
    if not parts:
        connection.execute(f"create or replace temp table state as select {names} from judged where false")
        return
    key = ", ".join(_key(table))
    files = ", ".join(quoted(part) for part in parts)
    connection.execute(
        f"create or replace temp table state as select {names} from (select *, row_number() over ("
        f"partition by {key} order by _arrival desc) as age from read_parquet([{files}], union_by_name = true)) "
        "where age = 1 and _op = 'upsert'"
    )


def _append_changes(connection: duckdb.DuckDBPyConnection, table: SourceTable, number: int) -> int:
    key, names = _key(table), [quoted_name(column.name) for column in table.columns]
    same_key = " and ".join(f"s.{column} = j.{column}" for column in key)
    same_row = " and ".join(f"s.{name} is not distinct from j.{name}" for name in names)
    newest = f"row_number() over (partition by {', '.join(key)} order by _line desc) as age"
    good = f"select *, {newest} from judged where _reason is null"
    columns = ", ".join(names)
    connection.execute(
        "create or replace temp table changes as "
        f"select {columns}, 'upsert' as _op, _line from ({good}) j where age = 1 "
        f"and not exists (select 1 from state s where {same_row}) "
        f"union all select {columns}, 'delete', 0 from state s "
        f"where not exists (select 1 from judged j where {same_key})"
    )
    append_rows(
        connection,
        f"select {columns}, _op, {number} as _file, "
        f"row_number() over (order by _op desc, {', '.join(key)}) as _line from changes",
    )
    (count,) = connection.execute("select count(*) from changes").fetchall()[0]
    return int(count)


def _set_aside_new(connection: duckdb.DuckDBPyConnection, table: SourceTable, lake: Lake, number: int) -> int:
    """Rows that cannot land, unless the same row was set aside before."""
    connection.execute(
        f"create or replace temp table refused_rows as select j._line, j._reason, j._text from judged j "
        f"where j._reason is not null and not exists (select 1 from {lake.rejects_relation()} r "
        "where r.source = ? and r.table_name = ? and r.text = j._text)",
        [table.source, table.name],
    )
    connection.execute(f"insert into set_aside select {number}, _line, _reason, _text from refused_rows")
    (count,) = connection.execute("select count(*) from refused_rows").fetchall()[0]
    return int(count)


def _key(table: SourceTable) -> list[str]:
    assert isinstance(table.landing, SqlLanding)
    return [quoted_name(name) for name in table.landing.key]
