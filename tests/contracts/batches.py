"""Batches of numbered rows, and what a ledger keeps of the answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from reverse_etl.engine.words import KEY, REMOTE_ID, ROW_HASH, Batch, Operation, Reply
from tests.contracts.case import Fields


def batch_of(
    rows: Sequence[Fields], operation: Operation = Operation.ADD, known: Mapping[int, str] | None = None
) -> Batch:
    table = [
        {KEY: str(number), ROW_HASH: "h", REMOTE_ID: (known or {}).get(number), **row}
        for number, row in enumerate(rows)
    ]
    return Batch(0, operation, "b1", pa.RecordBatch.from_pylist(table))


def names(reply: Reply, count: int) -> dict[int, str]:
    """What the ledger keeps of a batch's rows."""
    return {number: row.remote_id for number, row in enumerate(reply.per_row(count)) if row.remote_id}
