"""The schemas that generations live in, and the views over the one that people see."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import adbc_driver_postgresql.dbapi as adbc

from cdp.warehouse.port import Generation, KeptGeneration

PUBLISHED, WORK = "cdp", "cdp_work"
_PATIENCE = "1s"
_LOCK_NOT_AVAILABLE = "55P03"

_KEPT = """
select number, as_of, batch, fingerprint, published_at, state,
    (select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class as c
    where c.relnamespace = n.oid and c.relkind = 'r') as bytes
from control.generations join pg_namespace as n on n.nspname = 'cdp_' || lpad(number::text, 6, '0')
where state <> 'building'
order by number desc
"""


class PostgresSideBySide:
    """See `cdp.warehouse.port.SideBySide`."""

    dialect = "postgres"

    def __init__(self, connection: adbc.Connection) -> None:
        self._connection = connection

    def columns(self, number: int) -> dict[str, list[str]]:
        found = defaultdict[str, list[str]](list)
        query = (
            "select table_name::text, column_name::text from information_schema.columns "
            "where table_schema = $1 order by table_name, ordinal_position"
        )
        for table, column in rows(self._connection, query, schema_of(number)):
            found[table].append(column)
        return dict(found)

    def relation(self, number: int, table: str) -> str:
        return f'"{schema_of(number)}"."{table}"'

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return rows(self._connection, sql)


def schema_of(number: int) -> str:
    return f"cdp_{number:06d}"


def prepare(connection: adbc.Connection) -> None:
    """The tables that say what there is, as this version wants them."""
    run(connection, "create schema if not exists control")
    run(
        connection,
        "create table if not exists control.generations (number bigint primary key, as_of timestamp not null, "
        "batch bigint not null, fingerprint text not null, state text not null, published_at timestamp)",
    )
    run(connection, "create table if not exists control.copied_parts (path text primary key)")
    dated = "select 1 from pg_attribute where attrelid = 'control.generations'::regclass and attname = 'published_at'"
    if not rows(connection, dated):
        _adopt(connection)


def _adopt(connection: adbc.Connection) -> None:
    """An older version had the published tables in `cdp` itself, and dropped them with the next publication."""
    run(connection, "alter table control.generations add column published_at timestamp")
    for (number,) in rows(connection, "select number from control.generations where state = 'published'"):
        run(connection, f"alter schema {PUBLISHED} rename to {schema_of(number)}")
        show(connection, number)
    connection.commit()


def kept_generations(connection: adbc.Connection) -> list[KeptGeneration]:
    """Those that have a schema, newest first."""
    prepare(connection)
    return [
        KeptGeneration(
            Generation(number, as_of, batch, digest), published_at, size, state == "published", state == "set aside"
        )
        for number, as_of, batch, digest, published_at, state, size in rows(connection, _KEPT)
    ]


def show(connection: adbc.Connection, number: int) -> None:
    """Let `cdp` be views of one generation's tables."""
    run(connection, f"drop schema if exists {PUBLISHED} cascade")
    run(connection, f"create schema {PUBLISHED}")
    schema = schema_of(number)
    for table in _tables(connection, schema):
        run(connection, f'create view {PUBLISHED}."{table}" as select * from {schema}."{table}"')


def copy_schema(connection: adbc.Connection, source: str, target: str) -> None:
    """Copy the tables of a schema; a target of that name goes first."""
    run(connection, f"drop schema if exists {target} cascade")
    run(connection, f"create schema {target}")
    for table in _tables(connection, source):
        run(connection, f'create table {target}."{table}" as table {source}."{table}"')
        run(connection, f'analyze {target}."{table}"')


def remove_schema(connection: adbc.Connection, schema: str) -> bool:
    """Drop a schema; False where somebody reads it: then a later run does."""
    connection.commit()
    run(connection, f"set local lock_timeout = '{_PATIENCE}'")
    try:
        run(connection, f"drop schema {schema} cascade")
    except adbc.Error as failed:
        connection.rollback()
        if failed.sqlstate != _LOCK_NOT_AVAILABLE:
            raise
        return False
    connection.commit()
    return True


def _tables(connection: adbc.Connection, schema: str) -> list[str]:
    found = rows(connection, "select tablename::text from pg_tables where schemaname = $1 order by 1", schema)
    return [name for (name,) in found]


def run(connection: adbc.Connection, sql: str, *parameters: Any) -> None:
    """One statement without a result."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)


def rows(connection: adbc.Connection, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Everything that one statement gives."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return [tuple(row) for row in cursor.fetchall()]
