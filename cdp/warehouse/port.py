"""What the rest of the product may ask of a warehouse, whichever engine it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Generation:
    """A built state of the warehouse. `fingerprint` names what went in: equal fingerprints, equal content."""

    number: int
    as_of: datetime
    batch: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Build:
    """A generation being built: nobody reads it until it is published."""

    generation: Generation
    target: str
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptGeneration:
    """A generation that can be read, or read again; `published_at` is None where an older version published it."""

    generation: Generation
    published_at: datetime | None
    bytes: int
    is_published: bool = False
    is_set_aside: bool = False


class Reader(Protocol):
    """A read-only view of one generation, beside the lake's receipts."""

    @property
    def generation(self) -> Generation: ...

    @property
    def dialect(self) -> str:
        """SQLGlot's name of the engine: `duckdb` or `postgres`."""
        ...

    def relation(self, model: str) -> str:
        """The quoted name under which SQL reaches a dbt model, or `raw_<source>.<table>`."""
        ...

    def receipts(self) -> str:
        """A relation expression for the projected receipts; empty and typed where there is none."""
        ...

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        """Run one statement; placeholders are `?`. The result streams as Arrow batches.

        Raises OtherModelsError where the generation has no such table.
        """
        ...


class SideBySide(Protocol):
    """Two kept generations before one connection."""

    @property
    def dialect(self) -> str:
        """As of `Reader`."""
        ...

    def columns(self, number: int) -> dict[str, list[str]]:
        """The columns of every table of one of them, by table."""
        ...

    def relation(self, number: int, table: str) -> str:
        """The quoted name of a table of one of them."""
        ...

    def query(self, sql: str) -> list[tuple[Any, ...]]: ...


class Warehouse(Protocol):
    def published(self) -> Generation | None:
        """The generation readers see, or None before the first build."""
        ...

    def reader(self) -> AbstractContextManager[Reader]:
        """Open the published generation.

        Raises ConfigurationError where nothing has been published yet.
        """
        ...

    def begin(self, as_of: datetime, fingerprint: str) -> Build:
        """Start a build from the published generation, with the clock set and every raw table exposed.

        What an interrupted build left is swept first. The caller holds the `build` lease.
        """
        ...

    def building(self) -> Build | None:
        """The build that has begun and is neither published nor discarded."""
        ...

    def candidate(self) -> AbstractContextManager[Reader]:
        """Open the build for an audit, read-only.

        Raises ConfigurationError where no build has begun.
        """
        ...

    def publish(self) -> Generation:
        """Let readers see the build from now on."""
        ...

    def discard(self) -> None:
        """Throw the build away; tomorrow starts from what is published."""
        ...

    def kept(self) -> list[KeptGeneration]:
        """Every generation that can be read, newest first."""
        ...

    def reader_of(self, number: int) -> AbstractContextManager[Reader]:
        """Open a generation that is kept, published or not.

        Raises ConfigurationError where it is not kept.
        """
        ...

    def side_by_side(self, older: int, newer: int) -> AbstractContextManager[SideBySide]:
        """Open two generations that are kept; errors as `reader_of`."""
        ...

    def roll_back(self, number: int) -> Generation:
        """Let readers see a kept generation again; the newest one is set aside, and kept, until builds resume.

        The caller holds the `build` lease. Errors as `reader_of`.
        """
        ...

    def set_aside(self) -> Generation | None:
        """The generation that was rolled back from, while builds wait; None where they go on."""
        ...

    def resume(self) -> None:
        """Let builds go on, from what is published. The caller holds the `build` lease."""
        ...

    def collect(self) -> int:
        """Remove generations beyond `retention.generations`; how many went.

        What is published or set aside stays, and what a reader holds open is not torn away.
        """
        ...

    def save(self, folder: Path) -> Generation | None:
        """Write what is published to files in `folder`; None where nothing is."""
        ...

    def load(self, folder: Path) -> Generation:
        """Publish what `save` wrote, with raw tables as the project's lake has them.

        Raises ConfigurationError where something has been published already.
        """
        ...
