"""What the rest of the product may ask of a warehouse, whichever engine it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
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
        """Run one statement; placeholders are `?`. The result streams as Arrow batches."""
        ...


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
