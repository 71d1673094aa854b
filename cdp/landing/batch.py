"""A batch being written: parts first, the catalog last, whose rename makes all of it visible (ADR 2)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp.declarations.sources import SourceTable
from cdp.errors import CdpError, LandingError
from cdp.landing.discovery import InboxFile
from cdp.landing.files import FileOutcome, append_rows
from cdp.landing.lake import CATALOG_COLUMNS, REJECT_COLUMNS, SCRATCH_PREFIX, Lake, first_arrival, write_parquet
from cdp.project import Project


@contextmanager
def open_batch(project: Project, as_of: datetime) -> Iterator[Batch]:
    """The next batch, for the length of a block; what the block does not commit is gone after it.

    The caller holds the `landing` lease. Raises LandingError where the disk is full.
    """
    lake = Lake(project.lake)
    lake.sweep_orphans()
    try:
        with _scratch(project) as (connection, scratch):
            yield Batch(lake, connection, scratch, as_of)
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


@dataclass(slots=True)
class Batch:
    """One batch; `files` and `rows` are how many it has so far."""

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    scratch: Path
    as_of: datetime
    number: int = 0
    files: int = 0
    rows: int = 0

    def __post_init__(self) -> None:
        self.number = self.lake.last_batch() + 1
        for name, columns in (("catalog", CATALOG_COLUMNS), ("rejects", REJECT_COLUMNS)):
            self.connection.execute(f"create temp table {name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")

    def begin_table(self) -> None:
        """Make room for the rows of one table: `part` is what lands of it, `set_aside` what does not."""
        self.connection.execute("drop table if exists part")
        self.connection.execute(
            "create or replace temp table set_aside (_file bigint, _line bigint, _reason varchar, _text varchar)"
        )

    def write(self, table: SourceTable, outcomes: Sequence[FileOutcome]) -> None:
        """Write `part` and `set_aside`, and what became of each file."""
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

    def write_query(self, table: SourceTable, query: str, order: str, digest: str = "") -> FileOutcome:
        """Land what `query` gives, by `order`. The catalog keeps the `digest` of how, even where nothing came of it."""
        self.begin_table()
        self.files += 1
        append_rows(
            self.connection,
            f"select *, {self.files} as _file, row_number() over (order by {order}) as _line from ({query})",
        )
        (count,) = self.connection.execute("select count(*) from part").fetchall()[0]
        file = InboxFile(self.files, Path(), table.qualified_name, count, 0, digest)
        outcome = FileOutcome(file, "landed", None, count, count)
        if count or digest:
            self.write(table, [outcome])
        return outcome

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

    def commit(self) -> int | None:
        """Make the batch visible, by the rename of its catalog; its number, None where it has no file."""
        (rows,) = self.connection.execute("select count(*) from catalog").fetchall()[0]
        if not rows:
            return None
        (rejects,) = self.connection.execute("select count(*) from rejects").fetchall()[0]
        if rejects:
            write_parquet(self.connection, "select * from rejects", self.lake.rejects(self.number))
        write_parquet(self.connection, "select * from catalog order by file", self.lake.catalog(self.number))
        return self.number
