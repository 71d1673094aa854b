"""What is told beside a published file, so that who reads it knows that it is whole, and we know that it is ours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from reverse_etl.destinations.csv_files.place import PlaceError
from reverse_etl.engine.words import Reply, Verdict

_UNREADABLE = Reply(Verdict.FATAL, "no_manifest", "the file's manifest is none of ours, or was damaged: move it away")


@dataclass(frozen=True, slots=True)
class Manifest:
    """`rows` without the header, `bytes` and `sha256` (hex) of the whole file; `columns` in their order. `batches` are
    those by which it differs from the file before.
    """

    file: str
    rows: int
    bytes: int
    sha256: str
    columns: Sequence[str]
    batches: Sequence[str]

    @classmethod
    def of(cls, content: Path, file: str, rows: int, columns: Sequence[str], batches: Sequence[str]) -> Manifest:
        return cls(file, rows, content.stat().st_size, digest_of(content), columns, batches)

    @classmethod
    def read(cls, content: Path) -> Manifest:
        """Raises PlaceError where it is no manifest."""
        try:
            return cls(**orjson.loads(content.read_bytes()))
        except (orjson.JSONDecodeError, TypeError):
            raise PlaceError(_UNREADABLE) from None

    def write(self, to: Path) -> None:
        to.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def digest_of(content: Path) -> str:
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
