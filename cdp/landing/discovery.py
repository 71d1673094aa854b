"""Which files of the inbox have not been looked at yet."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp.declarations.sources import CsvLanding, FileLanding, SourceTable
from cdp.landing.lake import Lake

UNFINISHED_SUFFIXES = {".tmp", ".part", ".partial"}


@dataclass(frozen=True, slots=True)
class InboxFile:
    """One file as it lies in the inbox; `number` is its place in the batch, `problem` why it cannot be opened."""

    number: int
    path: Path
    name: str
    size: int
    modified_ns: int
    sha256: str
    problem: str = ""

    def is_as_found(self) -> bool:
        """Whether nobody has written to it since it was found."""
        status = self.path.stat()
        return (status.st_size, status.st_mtime_ns) == (self.size, self.modified_ns)


class SeenFiles:
    """What the catalog knows of one table: by name, size and time (cheap), and by content (certain)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, lake: Lake, table: SourceTable) -> None:
        rows = connection.execute(
            f"select path, size, modified_ns, sha256, status from {lake.catalog_relation()} "
            "where source = ? and table_name = ?",
            [table.source, table.name],
        ).fetchall()
        self._stamps = {(path, size, modified) for path, size, modified, _, _ in rows}
        self.digests = {sha256 for *_, sha256, status in rows if status == "landed"}

    def knows(self, name: str, size: int, modified_ns: int) -> bool:
        return (name, size, modified_ns) in self._stamps


def unseen(inbox: Path, table: SourceTable, seen: SeenFiles) -> Iterator[tuple[Path, str, int, int]]:
    """Finished files of `table` that no batch has looked at, by name: path, name, size, time. Opens none of them."""
    landing = table.landing
    assert isinstance(landing, FileLanding | CsvLanding)
    for path in sorted(inbox.glob(landing.files)):
        if path.suffix in UNFINISHED_SUFFIXES or path.name.startswith(".") or _is_plain_folder(path, landing.files):
            continue
        status = path.stat() if path.exists() else path.lstat()
        name = os.fsencode(path.relative_to(inbox)).decode(errors="backslashreplace")
        if not seen.knows(name, status.st_size, status.st_mtime_ns):
            yield path, name, status.st_size, status.st_mtime_ns


def new_files(inbox: Path, table: SourceTable, seen: SeenFiles, first_number: int) -> list[InboxFile]:
    """Files of `table` that no batch has looked at, in the order of their names."""
    return [
        InboxFile(number, path, name, size, modified_ns, *_opened(path))
        for number, (path, name, size, modified_ns) in enumerate(unseen(inbox, table, seen), first_number)
    ]


def _is_plain_folder(path: Path, pattern: str) -> bool:
    """A folder that a pattern meets on its way; one that is called like a file is a delivery gone wrong."""
    return path.is_dir() and (not path.suffix or path.suffix != Path(pattern).suffix)


def _opened(path: Path) -> tuple[str, str]:
    """The SHA-256 of a file's content, or why there is none."""
    if not path.is_file():
        return "", "this is no file, or a link to nothing"
    try:
        str(path).encode()
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest(), ""
    except OSError as error:
        return "", f"it cannot be opened ({error.strerror})"
    except UnicodeEncodeError:
        return "", "its name is not UTF-8"
