"""Rows of a batch as plain values that go into JSON."""

from __future__ import annotations

from typing import Any

from reverse_etl.engine.words import KEY, REMOTE_ID, ROW_HASH, Batch, Reply, RowVerdict, Verdict

_AGAIN = RowVerdict(Verdict.RETRY, "batch_refused", "the destination took nothing of the batch, because of other rows")


def fields_of(batch: Batch) -> list[dict[str, Any]]:
    """One mapping of remote field to value per row; a timestamp stays a `datetime`."""
    fields = [name for name in batch.rows.schema.names if name not in {KEY, ROW_HASH, REMOTE_ID}]
    rows: list[dict[str, Any]] = batch.rows.select(fields).to_pylist()
    return rows


def others_again(reply: Reply, count: int) -> Reply:
    """For a tool that takes all of a batch or nothing: the rows that a refusal names stay refused, the others of the
    `count` are to be sent without them. A reply that names none stays as it is.
    """
    if not reply.rows:
        return reply
    return Reply(Verdict.OK, reply.code, rows={**dict.fromkeys(range(count), _AGAIN), **reply.rows})
