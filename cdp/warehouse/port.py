"""What the rest of the product may ask of a warehouse, whichever engine it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
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


class Reader(Protocol):
    """A read-only view of one published generation, beside the lake's receipts."""

    @property
    def generation(self) -> Generation: ...

    @property
    def dialect(self) -> str:
        """SQLGlot's name of the engine: `duckdb` or `postgres`."""
        ...

    def relation(self, model: str) -> str:
        """The quoted name under which SQL reaches a dbt model, or `raw_<source>.<table>`."""
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
