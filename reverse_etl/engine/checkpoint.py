"""What a plan may start from instead of every receipt (ADR 22)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from cdp.warehouse.port import Reader


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What of a sync's receipts can still matter to a plan, as relations of DuckDB.

    `rows`: one row per key and kind of answer, with the columns `seq`, `key`, `operation`, `verdict`, `row_hash`,
    `remote_id`, `key_hash`, and `fingerprint`: that of a model's row with this row hash. It is null where that is not
    known, where the key does not stand or was refused since, and where another row has the same `key_hash`.
    `newer`: receipts, of all syncs, that came later.
    """

    rows: str
    newer: str


@runtime_checkable
class KeepingReader(Reader, Protocol):
    """A reader that can keep rows beside the generation that it reads, for as long as it is open.

    Once it has kept something, a query ends the stream of the last one.
    """

    def keep(self, name: str, sql: str) -> str:
        """Run one statement, once; gives the relation of its rows, until others are kept under that name."""
        ...
