"""PostgreSQL: a work schema that is built, a published schema that is read, one transaction between them (ADR 3).

Readers never block here, so nothing is copied before a build: the work schema still holds what was published. It is
restored from the published schema only after a build that was discarded or killed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from sqlalchemy import make_url

from cdp.declarations.sources import load_source_tables
from cdp.errors import ConfigurationError
from cdp.landing.lake import Lake, last_arrival
from cdp.project import Project, with_driver
from cdp.warehouse.port import Build, Generation
from cdp.warehouse.postgres_raw import copy_new_parts, copy_projections

PUBLISHED, WORK, NEXT = "cdp", "cdp_work", "cdp_next"
_INSUFFICIENT_PRIVILEGE = "42501"
_NAME = re.compile(r"^[a-z_][a-z0-9_]*$")


class PostgresReader:
    """One schema of models, read in one transaction that cannot write."""

    dialect = "postgres"

    def __init__(self, connection: adbc.Connection, generation: Generation, schema: str) -> None:
        self._connection, self.generation, self._schema = connection, generation, schema
        self._cursors = ExitStack()

    def close(self) -> None:
        """Let go of every result, read to its end or not."""
        self._cursors.close()

    def relation(self, model: str) -> str:
        schema, _, name = model.rpartition(".")
        if not _NAME.match(name) or (schema and not _NAME.match(schema)):
            raise ValueError(f"{model!r} is not the name of a model")
        return f'"{schema or self._schema}"."{name}"'

    def receipts(self) -> str:
        return '"raw_receipts"."receipts"'

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        cursor = self._cursors.enter_context(self._connection.cursor())
        cursor.execute(_numbered(sql), tuple(parameters) or None)
        return cursor.fetch_record_batch()


class PostgresWarehouse:
    """A database named by the project's URL variable."""

    def __init__(self, project: Project) -> None:
        self._project, self._lake = project, Lake(project.lake)
        variable = project.settings.warehouse.url_env
        address = os.environ.get(variable)
        if not address:
            raise project.missing_variable(variable, "warehouse", "url_env")
        self._url = make_url(with_driver(address))

    @contextmanager
    def _connect(self) -> Iterator[adbc.Connection]:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            connection = adbc.connect(plain)
        except adbc.Error:
            raise ConfigurationError(
                f"PostgreSQL does not answer at {self._url.host}:{self._url.port or 5432}.",
                remedy=f"Check {self._project.settings.warehouse.url_env}, and that the server runs.",
            ) from None
        try:
            with connection.cursor() as cursor:
                cursor.execute("set timezone to 'UTC'")
            yield connection
        except adbc.Error as failed:
            if failed.sqlstate != _INSUFFICIENT_PRIVILEGE:
                raise
            raise self._not_allowed() from failed
        finally:
            connection.close()

    def _not_allowed(self) -> ConfigurationError:
        user, database = self._url.username, self._url.database
        return ConfigurationError(
            f"the user {user} may not create or change what a build needs in the PostgreSQL database {database}.",
            remedy=f'Have its owner run: grant create on database "{database}" to "{user}"; schemas that another user '
            "has made there have to be this user's.",
        )

    def published(self) -> Generation | None:
        with self._connect() as connection:
            return self._generation(connection, "published")

    def _generation(self, connection: adbc.Connection, state: str) -> Generation | None:
        _prepare(connection)
        rows = _rows(
            connection, "select number, as_of, batch, fingerprint from control.generations where state = $1", state
        )
        return Generation(*rows[0]) if rows else None

    @contextmanager
    def reader(self) -> Iterator[PostgresReader]:
        with self._connect() as connection:
            generation = self._generation(connection, "published")
            if generation is None:
                raise ConfigurationError("nothing has been built yet.", remedy="Run `cdp run` first.")
            copy_projections(connection, self._lake)
            connection.commit()
            _run(connection, "set transaction isolation level repeatable read read only")
            with closing(PostgresReader(connection, generation, PUBLISHED)) as reader:
                yield reader

    @contextmanager
    def candidate(self) -> Iterator[PostgresReader]:
        with self._connect() as connection:
            generation = self._generation(connection, "building")
            if generation is None:
                raise ConfigurationError("no build has begun.", remedy="Run `cdp run`.")
            connection.commit()
            _run(connection, "set transaction isolation level repeatable read read only")
            with closing(PostgresReader(connection, generation, WORK)) as reader:
                yield reader

    def begin(self, as_of: datetime, fingerprint: str) -> Build:
        self.discard()
        with self._connect() as connection:
            previous = self._generation(connection, "published")
            number = (previous.number if previous else 0) + 1
            generation = Generation(number, as_of, self._lake.last_batch(), fingerprint)
            copy_new_parts(connection, load_source_tables(self._project.dbt_project), self._lake)
            copy_projections(connection, self._lake)
            _set_clock(connection, generation, previous)
            _run(
                connection,
                "insert into control.generations values ($1, $2, $3, $4, 'building')",
                number,
                as_of,
                generation.batch,
                fingerprint,
            )
            connection.commit()
        return self._build(generation)

    def _build(self, generation: Generation) -> Build:
        url = self._url
        environment = {
            "CDP_PG_HOST": url.host or "127.0.0.1",
            "CDP_PG_PORT": str(url.port or 5432),
            "CDP_PG_USER": url.username or "",
            "CDP_PG_PASSWORD": str(url.password or ""),
            "CDP_PG_DATABASE": url.database or "",
        }
        return Build(generation, "postgres", environment)

    def building(self) -> Build | None:
        with self._connect() as connection:
            generation = self._generation(connection, "building")
        return self._build(generation) if generation else None

    def publish(self) -> Generation:
        with self._connect() as connection:
            generation = self._generation(connection, "building")
            if generation is None:
                raise ConfigurationError("no build has begun.", remedy="Run `cdp run`.")
            _copy_schema(connection, WORK, NEXT)
            _run(connection, f"drop schema if exists {PUBLISHED} cascade")
            _run(connection, f"alter schema {NEXT} rename to {PUBLISHED}")
            _run(connection, "update control.generations set state = 'superseded' where state = 'published'")
            _run(connection, "update control.generations set state = 'published' where state = 'building'")
            connection.commit()
        return generation

    def discard(self) -> None:
        with self._connect() as connection:
            if self._generation(connection, "building") is None:
                return
            _run(connection, f"drop schema if exists {WORK} cascade")
            if self._generation(connection, "published"):
                _copy_schema(connection, PUBLISHED, WORK)
            _run(connection, "delete from control.generations where state = 'building'")
            connection.commit()


def _prepare(connection: adbc.Connection) -> None:
    _run(connection, "create schema if not exists control")
    _run(
        connection,
        "create table if not exists control.generations (number bigint primary key, as_of timestamp not null, "
        "batch bigint not null, fingerprint text not null, state text not null)",
    )
    _run(connection, "create table if not exists control.copied_parts (path text primary key)")


def _set_clock(connection: adbc.Connection, generation: Generation, previous: Generation | None) -> None:
    _run(connection, "drop table if exists control.clock cascade")
    _run(
        connection,
        "create table control.clock (as_of timestamp, generation bigint, batch bigint, last_arrival bigint)",
    )
    seen = last_arrival(previous.batch) if previous else 0
    values = (generation.as_of, generation.number, generation.batch, seen)
    _run(connection, "insert into control.clock values ($1, $2, $3, $4)", *values)


def _copy_schema(connection: adbc.Connection, source: str, target: str) -> None:
    _run(connection, f"drop schema if exists {target} cascade")
    _run(connection, f"create schema {target}")
    for (table,) in _rows(connection, "select tablename from pg_tables where schemaname = $1 order by 1", source):
        _run(connection, f'create table {target}."{table}" as table {source}."{table}"')
        _run(connection, f'analyze {target}."{table}"')


def _run(connection: adbc.Connection, sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)


def _rows(connection: adbc.Connection, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return [tuple(row) for row in cursor.fetchall()]


def _numbered(sql: str) -> str:
    """`?` outside of quoted text becomes `$1`, `$2`, …"""
    pieces, number = re.split(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\?)", sql), 0
    for index, piece in enumerate(pieces):
        if piece == "?":
            number += 1
            pieces[index] = f"${number}"
    return "".join(pieces)
