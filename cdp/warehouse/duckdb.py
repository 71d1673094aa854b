"""DuckDB: a folder per generation, a pointer that is renamed, readers that never meet a writer (ADR 3).

The file has one name in every folder, and a build always has one path: DuckDB calls a database after its file, so views
stay valid when the folder is renamed, and dbt, whose profile names the path, keeps its parsed project.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cdp.clock import SystemClock
from cdp.declarations.sources import load_source_tables
from cdp.errors import ConfigurationError, Location
from cdp.landing.lake import Lake, last_arrival
from cdp.project import Project
from cdp.warehouse.duckdb_beside import MODEL_SCHEMA, DuckDBSideBySide
from cdp.warehouse.keeping import beyond_retention, find_kept, lacks_a_table, refuse_second
from cdp.warehouse.pointer import (
    GENERATION_FILE,
    Pointer,
    published_at,
    read_generation,
    read_pointer,
    write_generation,
    write_pointer,
)
from cdp.warehouse.port import Build, Generation, KeptGeneration
from cdp.warehouse.raw import expose_projections, expose_raw_views, projected_relation

ROWS_PER_BATCH = 65_536
FILE_VARIABLE = "CDP_DUCKDB_FILE"
FILE_NAME = "warehouse.duckdb"
_NAME = re.compile(r"^[a-z_][a-z0-9_]*$")


class DuckDBReader:
    """One generation file, opened read-only."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, generation: Generation, lake: Lake) -> None:
        self._connection, self.generation, self._lake = connection, generation, lake
        self._keeps = False

    def relation(self, model: str) -> str:
        schema, _, name = model.rpartition(".")
        if not _NAME.match(name) or (schema and not _NAME.match(schema)):
            raise ValueError(f"{model!r} is not the name of a model")
        return f'"{schema or MODEL_SCHEMA}"."{name}"'

    def receipts(self) -> str:
        return projected_relation(self._lake, "receipts")

    def keep(self, name: str, sql: str) -> str:
        """Keep the rows of a statement beside the generation; from now on a query ends the stream of the last one."""
        self._keeps = True  # what is kept belongs to a connection, and a connection has one stream
        self._connection.execute(f'create or replace temp table "{name}" as {sql}')
        return f'"temp"."{name}"'

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        connection = self._connection if self._keeps else self._connection.cursor()
        try:
            return connection.sql(sql, params=list(parameters)).to_arrow_reader(ROWS_PER_BATCH)
        except duckdb.CatalogException as error:
            raise lacks_a_table(self.generation, str(error)) from None


class DuckDBWarehouse:
    """Generations under the project's warehouse folder."""

    def __init__(self, project: Project) -> None:
        self._project, self._folder, self._lake = project, project.warehouse_folder, Lake(project.lake)

    @property
    def _pointer(self) -> Path:
        return self._folder / "published.json"

    @property
    def _candidate(self) -> Path:
        return self._folder / "candidate"

    @property
    def _candidate_pointer(self) -> Path:
        return self._candidate / GENERATION_FILE

    def _generation_folder(self, number: int) -> Path:
        return self._folder / f"{number:06d}"

    def published(self) -> Generation | None:
        pointer = read_pointer(self._pointer)
        return pointer.generation if pointer else None

    @contextmanager
    def reader(self) -> Iterator[DuckDBReader]:
        generation = self.published()
        if generation is None:
            raise ConfigurationError("nothing has been built yet.", remedy="Run `cdp run` first.")
        with self._open(self._generation_folder(generation.number), generation) as reader:
            yield reader

    @contextmanager
    def candidate(self) -> Iterator[DuckDBReader]:
        generation = self._begun()
        with self._open(self._candidate, generation) as reader:
            yield reader

    @contextmanager
    def _open(self, folder: Path, generation: Generation) -> Iterator[DuckDBReader]:
        try:
            connection = duckdb.connect(str(folder / FILE_NAME), read_only=True)
        except duckdb.IOException:
            raise ConfigurationError(
                f"the file of generation {generation.number} is not there, or is damaged.",
                where=Location(folder / FILE_NAME),
                remedy="Let readers see an older one, `cdp generations rollback`, or restore a backup.",
            ) from None
        try:
            yield DuckDBReader(connection, generation, self._lake)
        finally:
            connection.close()

    def begin(self, as_of: datetime, fingerprint: str) -> Build:
        self.discard()
        pointer = read_pointer(self._pointer)
        previous, newest = (pointer.generation, pointer.newest) if pointer else (None, 0)
        generation = Generation(newest + 1, as_of, self._lake.last_batch(), fingerprint)
        try:
            self._fill_candidate(generation, previous)
        except BaseException:  # half a copy would keep a full disk full
            self.discard()
            raise
        return self._build(generation)

    def _fill_candidate(self, generation: Generation, previous: Generation | None) -> None:
        self._candidate.mkdir(parents=True)
        file = self._candidate / FILE_NAME
        if previous:
            shutil.copyfile(self._generation_folder(previous.number) / FILE_NAME, file)
        with duckdb.connect(str(file)) as connection:
            _set_clock(connection, generation, previous)
            self._expose_raw(connection)
        write_generation(self._candidate_pointer, generation)

    def _expose_raw(self, connection: duckdb.DuckDBPyConnection) -> None:
        expose_raw_views(connection, load_source_tables(self._project.dbt_project), self._lake)
        expose_projections(connection, self._lake)

    def _build(self, generation: Generation) -> Build:
        return Build(generation, "duckdb", {FILE_VARIABLE: str(self._candidate / FILE_NAME)})

    def building(self) -> Build | None:
        generation = read_generation(self._candidate_pointer)
        return self._build(generation) if generation else None

    def _begun(self) -> Generation:
        generation = read_generation(self._candidate_pointer)
        if generation is None:
            raise ConfigurationError("no build has begun.", remedy="Run `cdp run`.")
        return generation

    def publish(self) -> Generation:
        generation = self._begun()
        write_generation(self._candidate_pointer, generation, SystemClock().now())
        self._show_candidate(generation)
        self.collect()
        return generation

    def _show_candidate(self, generation: Generation) -> None:
        self._candidate.rename(self._generation_folder(generation.number))
        write_pointer(self._pointer, Pointer(generation, newest=generation.number))

    def discard(self) -> None:
        pointer = read_pointer(self._pointer)
        newest = pointer.newest if pointer else 0
        shutil.rmtree(self._candidate, ignore_errors=True)
        for number, folder in self._generations():
            if number > newest:  # killed between its two renames: nobody has seen it
                shutil.rmtree(folder)

    def kept(self) -> list[KeptGeneration]:
        pointer = read_pointer(self._pointer)
        if pointer is None:
            return []
        found = [folder for number, folder in self._generations() if number <= pointer.newest]
        return [self._kept(folder, pointer) for folder in reversed(found)]

    def _kept(self, folder: Path, pointer: Pointer) -> KeptGeneration:
        number, description = int(folder.name), folder / GENERATION_FILE
        is_published = number == pointer.generation.number
        generation = read_generation(description) or pointer.generation
        size = sum(file.stat().st_size for file in folder.iterdir())
        is_set_aside = pointer.waits and number == pointer.newest
        return KeptGeneration(generation, published_at(description), size, is_published, is_set_aside)

    @contextmanager
    def reader_of(self, number: int) -> Iterator[DuckDBReader]:
        with self._open(self._generation_folder(number), find_kept(self.kept(), number)) as reader:
            yield reader

    @contextmanager
    def side_by_side(self, older: int, newer: int) -> Iterator[DuckDBSideBySide]:
        numbers = [find_kept(self.kept(), number).number for number in (older, newer)]
        with duckdb.connect() as connection:
            yield DuckDBSideBySide(
                connection, {number: self._generation_folder(number) / FILE_NAME for number in numbers}
            )

    def roll_back(self, number: int) -> Generation:
        self.discard()
        generation, newest = find_kept(self.kept(), number), max(kept.generation.number for kept in self.kept())
        write_pointer(self._pointer, Pointer(generation, newest, waits=generation.number < newest))
        return generation

    def set_aside(self) -> Generation | None:
        return next((kept.generation for kept in self.kept() if kept.is_set_aside), None)

    def resume(self) -> None:
        if pointer := read_pointer(self._pointer):
            write_pointer(self._pointer, Pointer(pointer.generation, pointer.newest))

    def _generations(self) -> list[tuple[int, Path]]:
        return [(int(folder.name), folder) for folder in sorted(self._folder.glob("[0-9]*")) if folder.is_dir()]

    def collect(self) -> int:
        surplus = beyond_retention(self.kept(), self._project.settings.retention.generations)
        for number in surplus:
            shutil.rmtree(self._generation_folder(number))
        return len(surplus)

    def save(self, folder: Path) -> Generation | None:
        generation = self.published()
        if generation:
            shutil.copytree(self._generation_folder(generation.number), folder)
        return generation

    def load(self, folder: Path) -> Generation:
        refuse_second(self.published())
        self.discard()
        shutil.copytree(folder, self._candidate)
        generation = self._begun()
        # A view names the files of the lake by their paths.
        with duckdb.connect(str(self._candidate / FILE_NAME)) as connection:
            self._expose_raw(connection)
        self._show_candidate(generation)
        return generation


def _set_clock(connection: duckdb.DuckDBPyConnection, generation: Generation, previous: Generation | None) -> None:
    connection.execute("create schema if not exists control")
    connection.execute(
        "create or replace table control.clock as "
        "select cast(? as timestamp) as as_of, cast(? as bigint) as generation, "
        "cast(? as bigint) as batch, cast(? as bigint) as last_arrival",
        [generation.as_of, generation.number, generation.batch, last_arrival(previous.batch) if previous else 0],
    )
