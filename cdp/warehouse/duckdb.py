"""DuckDB: a folder per generation, a pointer that is renamed, readers that never meet a writer (ADR 3).

The file has one name in every folder, and a build always has one path: DuckDB calls a database after its file, so views
stay valid when the folder is renamed, and dbt, whose profile names the path, keeps its parsed project.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cdp.declarations.sources import load_source_tables
from cdp.errors import ConfigurationError
from cdp.landing.lake import Lake, last_arrival
from cdp.project import Project
from cdp.warehouse.fingerprint import generation_from_json, generation_to_json
from cdp.warehouse.port import Build, Generation
from cdp.warehouse.raw import expose_projections, expose_raw_views, projected_relation

KEPT_GENERATIONS = 3
ROWS_PER_BATCH = 65_536
MODEL_SCHEMA = "cdp"
FILE_VARIABLE = "CDP_DUCKDB_FILE"
FILE_NAME = "warehouse.duckdb"
_NAME = re.compile(r"^[a-z_][a-z0-9_]*$")


class DuckDBReader:
    """One generation file, opened read-only."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, generation: Generation, lake: Lake) -> None:
        self._connection, self.generation, self._lake = connection, generation, lake

    def relation(self, model: str) -> str:
        schema, _, name = model.rpartition(".")
        if not _NAME.match(name) or (schema and not _NAME.match(schema)):
            raise ValueError(f"{model!r} is not the name of a model")
        return f'"{schema or MODEL_SCHEMA}"."{name}"'

    def receipts(self) -> str:
        return projected_relation(self._lake, "receipts")

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        return self._connection.cursor().sql(sql, params=list(parameters)).to_arrow_reader(ROWS_PER_BATCH)


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
        return self._candidate / "generation.json"

    def _generation_folder(self, number: int) -> Path:
        return self._folder / f"{number:06d}"

    def published(self) -> Generation | None:
        return generation_from_json(self._pointer)

    @contextmanager
    def reader(self) -> Iterator[DuckDBReader]:
        generation = self.published()
        if generation is None:
            raise ConfigurationError("nothing has been built yet.", remedy="Run `cdp run` first.")
        with self._open(self._generation_folder(generation.number), generation) as reader:
            yield reader

    @contextmanager
    def candidate(self) -> Iterator[DuckDBReader]:
        generation = generation_from_json(self._candidate_pointer)
        if generation is None:
            raise ConfigurationError("no build has begun.", remedy="Run `cdp run`.")
        with self._open(self._candidate, generation) as reader:
            yield reader

    @contextmanager
    def _open(self, folder: Path, generation: Generation) -> Iterator[DuckDBReader]:
        connection = duckdb.connect(str(folder / FILE_NAME), read_only=True)
        try:
            yield DuckDBReader(connection, generation, self._lake)
        finally:
            connection.close()

    def begin(self, as_of: datetime, fingerprint: str) -> Build:
        self.discard()
        previous = self.published()
        number = (previous.number if previous else 0) + 1
        generation = Generation(number, as_of, self._lake.last_batch(), fingerprint)
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
        connection = duckdb.connect(str(file))
        try:
            _set_clock(connection, generation, previous)
            expose_raw_views(connection, load_source_tables(self._project.dbt_project), self._lake)
            expose_projections(connection, self._lake)
        finally:
            connection.close()
        _write_json(self._candidate_pointer, generation_to_json(generation))

    def _build(self, generation: Generation) -> Build:
        return Build(generation, "duckdb", {FILE_VARIABLE: str(self._candidate / FILE_NAME)})

    def building(self) -> Build | None:
        generation = generation_from_json(self._candidate_pointer)
        return self._build(generation) if generation else None

    def publish(self) -> Generation:
        generation = generation_from_json(self._candidate_pointer)
        if generation is None:
            raise ConfigurationError("no build has begun.", remedy="Run `cdp run`.")
        self._candidate.rename(self._generation_folder(generation.number))
        _write_json(self._pointer, generation_to_json(generation))
        self._collect(generation.number)
        return generation

    def discard(self) -> None:
        published = self.published()
        newest = published.number if published else 0
        shutil.rmtree(self._candidate, ignore_errors=True)
        for number, folder in self._generations():
            if number > newest:
                shutil.rmtree(folder)

    def _generations(self) -> list[tuple[int, Path]]:
        return [(int(folder.name), folder) for folder in sorted(self._folder.glob("[0-9]*")) if folder.is_dir()]

    def _collect(self, newest: int) -> None:
        for number, folder in self._generations():
            if number <= newest - KEPT_GENERATIONS:
                shutil.rmtree(folder)


def _set_clock(connection: duckdb.DuckDBPyConnection, generation: Generation, previous: Generation | None) -> None:
    connection.execute("create schema if not exists control")
    connection.execute(
        "create or replace table control.clock as "
        "select cast(? as timestamp) as as_of, cast(? as bigint) as generation, "
        "cast(? as bigint) as batch, cast(? as bigint) as last_arrival",
        [generation.as_of, generation.number, generation.batch, last_arrival(previous.batch) if previous else 0],
    )


def _write_json(file: Path, content: dict[str, Any]) -> None:
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(json.dumps(content, indent=2) + "\n")
    unfinished.replace(file)
