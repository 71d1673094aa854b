"""A scratch warehouse in which the product's own matching models run over one file of records."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from cdp.errors import CdpError
from cdp.identity.evaluation.people_file import RECORD_ID, SOURCE, PeopleFile
from cdp.identity.weights import MatchWeights

MATCHING = Path("models/intermediate/identity/matching")
SCHEMA = "matching"
RAW_TABLE = "raw.records"
_ROWS_PER_BATCH = 65_536


class ScratchReader:
    """Reads the scratch warehouse as a published one is read."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def relation(self, model: str) -> str:
        return f'"{SCHEMA}"."{model}"'

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        return self._connection.cursor().sql(sql, params=list(parameters)).to_arrow_reader(_ROWS_PER_BATCH)


class ScratchWarehouse:
    """A dbt project in `folder` with the matching models and macros of `product`, and one source: the records."""

    def __init__(self, folder: Path, product: Path, match_model: Mapping[str, Any]) -> None:
        self.folder, self._product, self._match_model = folder, product, match_model

    @property
    def file(self) -> Path:
        return self.folder / "scratch.duckdb"

    @property
    def seeds(self) -> Path:
        return self.folder / "seeds"

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # dbt keeps its own in this process, and DuckDB wants all of a process to be alike: none is read-only.
        with duckdb.connect(str(self.file)) as connection:
            yield connection

    @contextmanager
    def reader(self) -> Iterator[ScratchReader]:
        with self.connection() as connection:
            yield ScratchReader(connection)

    def prepare(self, people: PeopleFile, attributes: Sequence[str]) -> None:
        """Write the project: the product's files as they are, and what the records contribute."""
        shutil.copytree(self._product / "macros", self.folder / "macros")
        shutil.copytree(self._product / MATCHING, self.folder / MATCHING, ignore=shutil.ignore_patterns("*.yml"))
        self.seeds.mkdir()
        shutil.copy(self._product / "seeds" / "nicknames.csv", self.seeds)
        MatchWeights.write_untrained(self.seeds)
        contribution = self.folder / MATCHING / "int_identity__records_people.sql"
        contribution.write_text(_contribution(people, attributes), encoding="utf-8")
        (self.folder / "dbt_project.yml").write_text(yaml.safe_dump(self._settings(), sort_keys=False))
        (self.folder / "profiles.yml").write_text(yaml.safe_dump(self._profile()))

    def build(self, *selection: str) -> None:
        """Run dbt over the selected models, in this process.

        Raises CdpError with the models that failed.
        """
        from dbt.cli.main import dbtRunner

        with _working_in(self.folder):
            finished = dbtRunner().invoke(
                [
                    "build",
                    "--quiet",
                    "--project-dir",
                    ".",
                    "--profiles-dir",
                    ".",
                    "--no-write-json",
                    "--select",
                    *selection,
                ]
            )
        if not finished.success:
            raise CdpError(f"the matching models do not build: {_failures(finished)}")

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = yaml.safe_load((self._product / "dbt_project.yml").read_text(encoding="utf-8"))
        settings["vars"] |= {"match_sources": ["records"], "match_model": dict(self._match_model)}
        settings["models"] = {"cdp": {"+materialized": "table"}}
        settings["seeds"]["cdp"].pop("+group", None)
        return settings

    def _profile(self) -> dict[str, Any]:
        target = {"type": "duckdb", "path": str(self.file), "schema": SCHEMA, "threads": 2}
        return {"cdp": {"target": "duckdb", "outputs": {"duckdb": target}}}


def _contribution(people: PeopleFile, attributes: Sequence[str]) -> str:
    said = ",\n    ".join(f"{people.attributes.get(name, 'cast(null as varchar)')} as {name}" for name in attributes)
    return (
        "{{ config(materialized='view') }}\n\n"
        f"select\n    {people.attributes[SOURCE]} as source_name,\n    {people.attributes[RECORD_ID]} as record_key,\n"
        f"    {said},\n    false as is_deleted,\n    cast(null as timestamp) as observed_at,\n"
        "    cast(1 as bigint) as _arrival\n"
        f"from {RAW_TABLE}\n"
    )


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    settings = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_LOG_LEVEL_FILE": "none"}
    os.chdir(folder)
    kept = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        os.chdir(before)
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _failures(finished: Any) -> str:
    """Which models failed; the engine's words may quote a record, and are left out."""
    if finished.exception is not None:
        return str(finished.exception)
    return ", ".join(result.node.name for result in finished.result.results if result.status not in {"success", "pass"})
