"""The lake's layout on disk, and what makes a batch visible: the rename of its catalog (ADR 2)."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

CATALOG_COLUMNS = {
    "batch": "bigint",
    "file": "bigint",
    "source": "varchar",
    "table_name": "varchar",
    "path": "varchar",
    "size": "bigint",
    "modified_ns": "bigint",
    "sha256": "varchar",
    "status": "varchar",
    "reason": "varchar",
    "lines_in": "bigint",
    "landed": "bigint",
    "rejected": "bigint",
    "landed_at": "timestamp",
}
REJECT_COLUMNS = {
    "batch": "bigint",
    "file": "bigint",
    "source": "varchar",
    "table_name": "varchar",
    "path": "varchar",
    "line": "bigint",
    "reason": "varchar",
    "text": "varchar",
}

ARRIVALS_PER_BATCH = 1 << 36
SCRATCH_PREFIX = ".landing-"


def first_arrival(batch: int) -> int:
    """`_arrival` of the first row of a batch: one number that grows over batches, files and lines."""
    return batch * ARRIVALS_PER_BATCH


def last_arrival(batch: int) -> int:
    """The newest `_arrival` that a batch can hold."""
    return (batch + 1) * ARRIVALS_PER_BATCH - 1


@dataclass(frozen=True, slots=True)
class Lake:
    """Paths of the lake, and the list of what has been committed to it."""

    root: Path

    def catalog(self, batch: int) -> Path:
        return self.root / "batches" / f"{batch:06d}.parquet"

    def rejects(self, batch: int) -> Path:
        return self.root / "rejects" / f"{batch:06d}.parquet"

    def part(self, source: str, table: str, batch: int) -> Path:
        return self.root / "raw" / source / table / f"{batch:06d}.parquet"

    def committed_batches(self) -> list[int]:
        return sorted(int(file.stem) for file in (self.root / "batches").glob("*.parquet"))

    def last_batch(self) -> int:
        """Number of the newest committed batch, 0 where nothing has landed."""
        return max(self.committed_batches(), default=0)

    def parts(self, source: str, table: str) -> list[Path]:
        """The committed parts of one table, oldest first."""
        committed = set(self.committed_batches())
        folder = self.root / "raw" / source / table
        return [file for file in sorted(folder.glob("*.parquet")) if int(file.stem) in committed]

    def sweep_orphans(self) -> int:
        """Remove what an interrupted landing left behind; how many files that were."""
        committed = set(self.committed_batches())
        folders = [self.root / "batches", self.root / "rejects", *(self.root / "raw").glob("*/*")]
        leftovers = [
            file
            for folder in folders
            if folder.parent.name != "receipts"
            for file in folder.glob("*")
            if file.suffix == ".tmp" or (file.suffix == ".parquet" and int(file.stem) not in committed)
        ]
        for file in leftovers:
            file.unlink()
        for folder in self.root.glob(f"{SCRATCH_PREFIX}*"):
            shutil.rmtree(folder)
        return len(leftovers)

    def catalog_relation(self) -> str:
        """SQL for the catalog of every committed batch; empty where there is none."""
        return _relation(self.root / "batches", CATALOG_COLUMNS)

    def rejects_relation(self) -> str:
        """SQL for every line that was set aside; empty where there is none."""
        return _relation(self.root / "rejects", REJECT_COLUMNS)


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write the rows of `query` to `target`: whole and durable, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".tmp")
    connection.execute(f"copy ({query}) to {quoted(unfinished)} (format parquet)")
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())
    unfinished.replace(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def quoted(text: object) -> str:
    """A SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def quoted_files(files: Iterable[Path]) -> str:
    """A SQL list of exactly these files: a reader takes `*`, `?` and `[` in a name for wildcards."""
    return "[" + ", ".join(quoted(re.sub(r"([*?\[])", r"[\1]", str(file))) for file in files) + "]"


def parquet_relation(files: Iterable[Path]) -> str:
    """SQL for the rows of Parquet files; what their folders are called adds no column."""
    return f"read_parquet({quoted_files(files)}, union_by_name = true, hive_partitioning = false)"


def _relation(folder: Path, columns: dict[str, str]) -> str:
    if files := sorted(folder.glob("*.parquet")):
        return parquet_relation(files)
    typed = ", ".join(f"cast(null as {data_type}) as {name}" for name, data_type in columns.items())
    return f"(select {typed} where false)"
