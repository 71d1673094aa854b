"""One landing: everything new in every source, committed as one batch (ADR 2)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp.declarations.sources import SourceTable, SqlLanding, load_source_tables
from cdp.errors import CdpError, LandingError
from cdp.landing.discovery import InboxFile, SeenFiles, new_files
from cdp.landing.files import FileOutcome, land_files
from cdp.landing.lake import CATALOG_COLUMNS, REJECT_COLUMNS, SCRATCH_PREFIX, Lake, first_arrival, write_parquet
from cdp.landing.sql_source import land_sql_table
from cdp.project import Project

Progress = Callable[[SourceTable, int], None]


@dataclass(frozen=True, slots=True)
class TableLanding:
    """What one table's landing took in. Conservation: `lines_in = landed + rejected`."""

    table: SourceTable
    files: int = 0
    duplicates: int = 0
    refused: int = 0
    lines_in: int = 0
    landed: int = 0
    rejected: int = 0
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LandingResult:
    """`batch` is None where nothing new was found."""

    batch: int | None
    tables: list[TableLanding] = field(default_factory=list)

    @property
    def landed(self) -> int:
        return sum(table.landed for table in self.tables)

    @property
    def rejected(self) -> int:
        return sum(table.rejected for table in self.tables)

    @property
    def refused(self) -> int:
        return sum(table.refused for table in self.tables)

    def refusal(self) -> LandingError | None:
        """What to tell whoever delivers, where a file was refused."""
        if not self.refused:
            return None
        files = "1 file was" if self.refused == 1 else f"{self.refused} files were"
        return LandingError(
            f"{files} refused; everything else has landed.",
            remedy="Deliver the file again, repaired: its new bytes make it a new file.",
        )


def land(project: Project, as_of: datetime, progress: Progress = lambda _table, _files: None) -> LandingResult:
    """Land what is new in every declared source. The caller holds the `landing` lease.

    Raises LandingError where a source cannot be read or the disk is full; then nothing of the batch is visible.
    """
    lake = Lake(project.lake)
    tables = load_source_tables(project.dbt_project)
    lake.sweep_orphans()
    try:
        with _scratch(project) as (connection, scratch):
            landing = _Batch(project, lake, connection, scratch, as_of)
            landed = [landing.land_table(table, progress) for table in tables]
            return landing.commit(landed)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        lake.sweep_orphans()
        raise LandingError(
            f"the landing stopped ({type(error).__name__}: {_disk_reason(error)}); nothing of it was kept.",
            remedy="Give it what it lacks, room on the disk most often, then run again.",
        ) from None
    except CdpError:
        lake.sweep_orphans()
        raise


def _disk_reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "no space left" if "space" in str(error) else "the disk or the memory did not do"


@contextmanager
def _scratch(project: Project) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    project.lake.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=project.lake, prefix=SCRATCH_PREFIX) as folder:
        connection = duckdb.connect(config={"temp_directory": folder})
        try:
            connection.execute("set TimeZone = 'UTC'")
            yield connection, Path(folder)
        finally:
            connection.close()


class _Batch:
    """The batch being written: parts first, the catalog last."""

    def __init__(
        self, project: Project, lake: Lake, connection: duckdb.DuckDBPyConnection, scratch: Path, as_of: datetime
    ) -> None:
        self.project, self.lake, self.connection, self.scratch, self.as_of = project, lake, connection, scratch, as_of
        self.number = lake.last_batch() + 1
        self.files = 0
        self.rows = 0
        for name, columns in (("catalog", CATALOG_COLUMNS), ("rejects", REJECT_COLUMNS)):
            connection.execute(f"create temp table {name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")

    def land_table(self, table: SourceTable, progress: Progress) -> TableLanding:
        self.connection.execute("drop table if exists part")
        self.connection.execute(
            "create or replace temp table set_aside (_file bigint, _line bigint, _reason varchar, _text varchar)"
        )
        outcomes = self._changes(table) if isinstance(table.landing, SqlLanding) else self._new_files(table, progress)
        # What could not be opened has not been looked at: the next landing tries again.
        if known := [outcome for outcome in outcomes if not outcome.file.problem]:
            self._write(table, known)
        return _summary(table, outcomes)

    def _changes(self, table: SourceTable) -> list[FileOutcome]:
        url = self.project.sql_source_url(table.source)
        outcome = land_sql_table(self.connection, table, url, self.lake, self.files + 1)
        self.files += 1
        return [outcome] if outcome else []

    def _new_files(self, table: SourceTable, progress: Progress) -> list[FileOutcome]:
        seen = SeenFiles(self.connection, self.lake, table)
        found = new_files(self.project.inbox, table, seen, self.files + 1)
        self.files += len(found)
        if not found:
            return []
        progress(table, len(found))
        outcomes = [FileOutcome(file, "refused", file.problem) for file in found if file.problem]
        fresh, repeated = _split_repeated([file for file in found if not file.problem], seen.digests)
        outcomes += [FileOutcome(file, "duplicate", "the same bytes landed before") for file in repeated]
        if fresh:
            outcomes += land_files(self.connection, table, fresh, self.scratch)
        return outcomes

    def _write(self, table: SourceTable, outcomes: list[FileOutcome]) -> None:
        if any(outcome.landed for outcome in outcomes):
            self._write_part(table)
            self.rows += sum(outcome.landed for outcome in outcomes)
        rows = pa.Table.from_pylist([self._catalog_row(table, outcome) for outcome in outcomes])
        self.connection.register("outcomes", rows)
        self.connection.execute("insert into catalog by name select * from outcomes")
        self.connection.unregister("outcomes")
        self.connection.execute(
            "insert into rejects select c.batch, c.file, c.source, c.table_name, c.path, s._line, s._reason, s._text "
            "from set_aside s join catalog c on c.file = s._file order by s._file, s._line"
        )

    def _write_part(self, table: SourceTable) -> None:
        before = first_arrival(self.number) + self.rows
        query = (
            f"select * exclude (_file, _line), {before} + row_number() over (order by _file, _line) as _arrival, "
            f"cast({self.number} as bigint) as _batch, cast(_file as bigint) as _file, cast(_line as bigint) as _line, "
            f"cast('{self.as_of.isoformat()}' as timestamp) as _loaded_at from part order by _arrival"
        )
        write_parquet(self.connection, query, self.lake.part(table.source, table.name, self.number))

    def _catalog_row(self, table: SourceTable, outcome: FileOutcome) -> dict[str, object]:
        file = outcome.file
        return {
            "batch": self.number,
            "file": file.number,
            "source": table.source,
            "table_name": table.name,
            "path": file.name,
            "size": file.size,
            "modified_ns": file.modified_ns,
            "sha256": file.sha256,
            "status": outcome.status,
            "reason": outcome.reason,
            "lines_in": outcome.lines_in,
            "landed": outcome.landed,
            "rejected": outcome.rejected,
            "landed_at": self.as_of,
        }

    def commit(self, landed: list[TableLanding]) -> LandingResult:
        """Make the batch visible, by the rename of its catalog."""
        (rows,) = self.connection.execute("select count(*) from catalog").fetchall()[0]
        if not rows:
            return LandingResult(None, landed)
        (rejects,) = self.connection.execute("select count(*) from rejects").fetchall()[0]
        if rejects:
            write_parquet(self.connection, "select * from rejects", self.lake.rejects(self.number))
        write_parquet(self.connection, "select * from catalog order by file", self.lake.catalog(self.number))
        return LandingResult(self.number, landed)


def _split_repeated(files: list[InboxFile], digests: set[str]) -> tuple[list[InboxFile], list[InboxFile]]:
    known = set(digests)
    fresh: list[InboxFile] = []
    repeated: list[InboxFile] = []
    for file in files:
        (repeated if file.sha256 in known else fresh).append(file)
        known.add(file.sha256)
    return fresh, repeated


def _summary(table: SourceTable, outcomes: list[FileOutcome]) -> TableLanding:
    return TableLanding(
        table=table,
        files=len(outcomes),
        duplicates=sum(outcome.status == "duplicate" for outcome in outcomes),
        refused=sum(outcome.status == "refused" for outcome in outcomes),
        lines_in=sum(outcome.lines_in or 0 for outcome in outcomes),
        landed=sum(outcome.landed for outcome in outcomes),
        rejected=sum(outcome.rejected for outcome in outcomes),
        refusals=tuple(f"{o.file.name}: {o.reason}" for o in outcomes if o.status == "refused"),
    )
