"""PostgreSQL: a work schema that is built, a schema per generation, views over the one that is published (ADR 3, 25).

Readers never block here, so nothing is copied before a build: the work schema still holds what was published. It is
restored from that generation's schema only after a build that was discarded or killed, and after a rollback.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from sqlalchemy import make_url

from cdp.clock import SystemClock
from cdp.declarations.sources import load_source_tables
from cdp.errors import ConfigurationError, Location
from cdp.landing.lake import Lake, last_arrival
from cdp.project import Project, with_driver
from cdp.warehouse.keeping import beyond_retention, find_kept, lacks_a_table, refuse_second
from cdp.warehouse.pointer import GENERATION_FILE, read_generation, write_generation
from cdp.warehouse.port import Build, Generation, KeptGeneration
from cdp.warehouse.postgres_files import load_schema, save_schema
from cdp.warehouse.postgres_raw import copy_new_parts, copy_projections
from cdp.warehouse.postgres_schemas import (
    WORK,
    PostgresSideBySide,
    copy_schema,
    kept_generations,
    prepare,
    remove_schema,
    rows,
    run,
    schema_of,
    show,
)

_INSUFFICIENT_PRIVILEGE, _UNDEFINED_TABLE = "42501", "42P01"
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
        try:
            cursor.execute(_numbered(sql), tuple(parameters) or None)
        except adbc.Error as failed:
            if failed.sqlstate != _UNDEFINED_TABLE:
                raise
            raise lacks_a_table(self.generation, str(failed)) from None
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
        prepare(connection)
        found = rows(
            connection, "select number, as_of, batch, fingerprint from control.generations where state = $1", state
        )
        return Generation(*found[0]) if found else None

    @contextmanager
    def reader(self) -> Iterator[PostgresReader]:
        with self._connect() as connection:
            generation = self._generation(connection, "published")
            if generation is None:
                raise ConfigurationError("nothing has been built yet.", remedy="Run `cdp run` first.")
            with self._reading(connection, generation, schema_of(generation.number)) as reader:
                yield reader

    @contextmanager
    def reader_of(self, number: int) -> Iterator[PostgresReader]:
        with self._connect() as connection:
            generation = find_kept(kept_generations(connection), number)
            with self._reading(connection, generation, schema_of(number)) as reader:
                yield reader

    @contextmanager
    def candidate(self) -> Iterator[PostgresReader]:
        with self._connect() as connection:
            generation = self._generation(connection, "building")
            if generation is None:
                raise ConfigurationError("no build has begun.", remedy="Run `cdp run`.")
            with _snapshot(connection), closing(PostgresReader(connection, generation, WORK)) as reader:
                yield reader

    @contextmanager
    def _reading(self, connection: adbc.Connection, generation: Generation, schema: str) -> Iterator[PostgresReader]:
        copy_projections(connection, self._lake)
        with _snapshot(connection), closing(PostgresReader(connection, generation, schema)) as reader:
            yield reader

    @contextmanager
    def side_by_side(self, older: int, newer: int) -> Iterator[PostgresSideBySide]:
        with self._connect() as connection:
            kept = kept_generations(connection)
            for number in (older, newer):
                find_kept(kept, number)
            with _snapshot(connection):
                yield PostgresSideBySide(connection)

    def begin(self, as_of: datetime, fingerprint: str) -> Build:
        self.discard()
        with self._connect() as connection:
            previous = self._generation(connection, "published")
            ((newest,),) = rows(connection, "select coalesce(max(number), 0) from control.generations")
            generation = Generation(newest + 1, as_of, self._lake.last_batch(), fingerprint)
            copy_new_parts(connection, load_source_tables(self._project.dbt_project), self._lake)
            copy_projections(connection, self._lake)
            _set_clock(connection, generation, previous)
            run(
                connection,
                "insert into control.generations values ($1, $2, $3, $4, 'building')",
                generation.number,
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
            copy_schema(connection, WORK, schema_of(generation.number))
            show(connection, generation.number)
            run(connection, "update control.generations set state = 'superseded' where state <> 'building'")
            run(
                connection,
                "update control.generations set state = 'published', published_at = $1 where state = 'building'",
                SystemClock().now(),
            )
            connection.commit()
        self.collect()
        return generation

    def discard(self) -> None:
        with self._connect() as connection:
            if self._generation(connection, "building") is None:
                return
            run(connection, "delete from control.generations where state = 'building'")
            self._restore_work(connection)
            connection.commit()

    def _restore_work(self, connection: adbc.Connection) -> None:
        run(connection, f"drop schema if exists {WORK} cascade")
        if published := self._generation(connection, "published"):
            copy_schema(connection, schema_of(published.number), WORK)

    def kept(self) -> list[KeptGeneration]:
        with self._connect() as connection:
            return kept_generations(connection)

    def roll_back(self, number: int) -> Generation:
        self.discard()
        with self._connect() as connection:
            kept = kept_generations(connection)
            generation, newest = find_kept(kept, number), max(each.generation.number for each in kept)
            run(connection, "update control.generations set state = 'superseded'")
            run(connection, "update control.generations set state = 'set aside' where number = $1", newest)
            run(connection, "update control.generations set state = 'published' where number = $1", number)
            self._restore_work(connection)
            show(connection, number)
            connection.commit()
        return generation

    def set_aside(self) -> Generation | None:
        with self._connect() as connection:
            return self._generation(connection, "set aside")

    def resume(self) -> None:
        with self._connect() as connection:
            prepare(connection)
            run(connection, "update control.generations set state = 'superseded' where state = 'set aside'")
            connection.commit()

    def collect(self) -> int:
        with self._connect() as connection:
            surplus = beyond_retention(kept_generations(connection), self._project.settings.retention.generations)
            return sum(remove_schema(connection, schema_of(number)) for number in surplus)

    def save(self, folder: Path) -> Generation | None:
        generation = self.published()
        if generation:
            folder.mkdir(parents=True)
            save_schema(self._url, schema_of(generation.number), folder)
            write_generation(folder / GENERATION_FILE, generation)
        return generation

    def load(self, folder: Path) -> Generation:
        refuse_second(self.published())
        generation = read_generation(folder / GENERATION_FILE)
        if generation is None:
            raise ConfigurationError("the backup has no generation.", where=Location(folder))
        load_schema(self._url, schema_of(generation.number), folder)
        with self._connect() as connection:
            prepare(connection)
            values = (
                generation.number,
                generation.as_of,
                generation.batch,
                generation.fingerprint,
                SystemClock().now(),
            )
            run(connection, "insert into control.generations values ($1, $2, $3, $4, 'published', $5)", *values)
            self._restore_work(connection)
            show(connection, generation.number)
            connection.commit()
        return generation


@contextmanager
def _snapshot(connection: adbc.Connection) -> Iterator[None]:
    """One view of everything, without writing, for the length of a block."""
    connection.commit()
    run(connection, "set transaction isolation level repeatable read read only")
    yield


def _set_clock(connection: adbc.Connection, generation: Generation, previous: Generation | None) -> None:
    run(connection, "drop table if exists control.clock cascade")
    run(
        connection,
        "create table control.clock (as_of timestamp, generation bigint, batch bigint, last_arrival bigint)",
    )
    seen = last_arrival(previous.batch) if previous else 0
    values = (generation.as_of, generation.number, generation.batch, seen)
    run(connection, "insert into control.clock values ($1, $2, $3, $4)", *values)


def _numbered(sql: str) -> str:
    """`?` outside of quoted text becomes `$1`, `$2`, …"""
    pieces, number = re.split(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\?)", sql), 0
    for index, piece in enumerate(pieces):
        if piece == "?":
            number += 1
            pieces[index] = f"${number}"
    return "".join(pieces)
