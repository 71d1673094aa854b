"""A SQL table landed as changes: read whole, compared with what landed last (ADR 2).

Deletes are seen as keys that are gone: the source needs neither a trigger nor a changed-at column that can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from cdp.declarations.sources import Column, SourceTable, SqlLanding
from cdp.errors import LandingError, UnreachableError
from cdp.landing.discovery import InboxFile
from cdp.landing.files import FileOutcome, append_rows
from cdp.landing.judge import judge
from cdp.landing.lake import Lake, parquet_relation, quoted
from cdp.landing.readers import numbered_columns, quoted_name

ROWS_PER_BATCH = 20_000


def land_sql_table(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, url: str, lake: Lake, number: int
) -> FileOutcome | None:
    """Gather the changes since the last landing in `part`, each with `_op`; None where nothing changed.

    Raises LandingError where the source cannot be reached, or is empty though it was not before.
    """
    found = numbered_columns(column.source_name for column in table.columns)
    rows = _read(connection, table, url, list(found.values()))
    judge(connection, table, found)
    _set_repeated_keys_aside(connection, table)
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


def _read(connection: duckdb.DuckDBPyConnection, table: SourceTable, url: str, names: list[str]) -> int:
    schema = pa.schema([(name, pa.string()) for name in names])
    reader = pa.RecordBatchReader.from_batches(schema, _batches(table, url, names))
    connection.register("sql_rows", reader)
    try:
        connection.execute(
            "create or replace temp table incoming as "
            "select cast(? as bigint) as _file, row_number() over () as _line, "
            "cast(null as varchar) as _text, cast(null as varchar) as _problem, * from sql_rows",
            [0],
        )
    except (sa.exc.SQLAlchemyError, duckdb.InvalidInputException):  # the engine wraps what reading the stream raises
        raise UnreachableError(
            f"{table.qualified_name} cannot be read from its database.",
            where=table.location,
            remedy="Check its URL in the environment, and that the table has the declared columns.",
        ) from None
    finally:
        connection.unregister("sql_rows")
    (count,) = connection.execute("select count(*) from incoming").fetchall()[0]
    return int(count)


def _batches(table: SourceTable, url: str, names: list[str]) -> Iterator[pa.RecordBatch]:
    landing = table.landing
    assert isinstance(landing, SqlLanding)
    columns: list[sa.ColumnClause[object]] = [sa.column(column.source_name) for column in table.columns]
    keys: list[sa.ColumnClause[object]] = [
        sa.column(column.source_name) for column in table.columns if column.name in landing.key
    ]
    statement = sa.select(*columns).select_from(sa.table(landing.table)).order_by(*keys)
    engine = sa.create_engine(url, hide_parameters=True)
    try:
        with engine.connect() as source:
            result = source.execution_options(stream_results=True).execute(statement)
            for rows in result.partitions(ROWS_PER_BATCH):
                values = [
                    pa.array([_as_text(value) for value in column], pa.string()) for column in zip(*rows, strict=True)
                ]
                yield pa.record_batch(values, names)
    finally:
        engine.dispose()


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _load_state(connection: duckdb.DuckDBPyConnection, table: SourceTable, lake: Lake) -> None:
    """`state`: each row as it landed last, without those whose delete has landed."""
    names = ", ".join(quoted_name(column.name) for column in table.columns)
    empty, parts = f"select {names} from judged where false", lake.parts(table.source, table.name)
    if not parts:
        connection.execute(f"create or replace temp table state as {empty}")
        return
    relation = parquet_relation(parts)
    landed = {name for name, *_ in connection.execute(f"describe select * from {relation}").fetchall()}
    # A column declared since is null in what landed before, so that the rows which have it land again.
    shown = ", ".join(_as_declared(column) for column in table.columns if column.name in landed)
    connection.execute(
        f"create or replace temp table state as {empty} union all by name select {shown} from (select *, row_number() "
        f"over (partition by {', '.join(_key(table))} order by _arrival desc) as age from {relation}) "
        "where age = 1 and _op = 'upsert'"
    )


def _as_declared(column: Column) -> str:
    name, kind = quoted_name(column.name), "varchar" if column.data_type == "json" else column.data_type
    return f"try_cast({name} as {kind}) as {name}"


def _set_repeated_keys_aside(connection: duckdb.DuckDBPyConnection, table: SourceTable) -> None:
    """Of rows with one key, the first by content may land, whatever order the source gives them in."""
    names = [quoted_name(column.name) for column in table.columns]
    members = ", ".join(f"{quoted(column.name)}, {quoted_name(column.name)}" for column in table.columns)
    connection.execute(
        f"update judged set _reason = 'another row has the same key', _text = cast(json_object({members}) as varchar) "
        f"from (select _line as line, row_number() over (partition by {', '.join(_key(table))} "
        f"order by {', '.join(names)}) as place from judged where _reason is null) ranked "
        "where ranked.line = _line and ranked.place > 1"
    )


def _append_changes(connection: duckdb.DuckDBPyConnection, table: SourceTable, number: int) -> int:
    key, names = _key(table), [quoted_name(column.name) for column in table.columns]
    same_key = " and ".join(f"s.{column} = j.{column}" for column in key)
    same_row = " and ".join(f"s.{name} is not distinct from j.{name}" for name in names)
    columns = ", ".join(names)
    connection.execute(
        "create or replace temp table changes as "
        f"select {columns}, 'upsert' as _op, _line from judged j where _reason is null "
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
