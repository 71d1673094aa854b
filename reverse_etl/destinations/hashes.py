"""Hashed addresses of a batch, for ad platforms: nothing that is not a hash gets past here.

A platform knows people by these and by nothing of ours, so what stands in a list for a row is kept as its remote id.
"""

from __future__ import annotations

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.engine.words import Batch, Operation, RowVerdict, Verdict

Hashes = dict[str, str]

FIELDS = ("email_sha256", "phone_sha256")
_SHA256 = "^[0-9a-f]{64}$"
_MALFORMED = RowVerdict(Verdict.REJECTED, "not_a_hash", "a value is not a SHA-256 in 64 hex digits")
_EMPTY = RowVerdict(Verdict.REJECTED, "no_hash", "the row has no hash to match anybody by")


def hash_column(batch: Batch, field: str) -> pa.Array:
    """A field of `FIELDS`; all null where the sync does not map it."""
    if field in batch.rows.schema.names:
        return batch.rows.column(field).cast(pa.string())
    return pa.nulls(len(batch), pa.string())


def unfit(batch: Batch) -> dict[int, RowVerdict]:
    """The rows that must not be sent, by position: with a value that is no hash, or with none at all."""
    columns = [hash_column(batch, field) for field in FIELDS]
    is_wrong = [pc.invert(pc.match_substring_regex(column, _SHA256)) for column in columns]
    malformed = pc.or_(*[pc.fill_null(wrong, False) for wrong in is_wrong])
    empty = pc.and_(*[pc.is_null(column) for column in columns])
    found = {position.as_py(): _EMPTY for position in pc.indices_nonzero(empty)}
    return found | {position.as_py(): _MALFORMED for position in pc.indices_nonzero(malformed)}


def wanted(batch: Batch) -> list[Hashes]:
    """The hashes of each row, by field."""
    columns = [hash_column(batch, field).to_pylist() for field in FIELDS]
    rows = [dict(zip(FIELDS, row, strict=True)) for row in zip(*columns, strict=True)]
    return [{field: value for field, value in row.items() if value} for row in rows]


def known(batch: Batch) -> list[Hashes]:
    """The hashes by which each row stands in the list, as `remote_id` has kept them."""
    return [orjson.loads(batch.remote_ids.get(key, "{}")) for key in batch.keys]


def leaving(batch: Batch) -> list[tuple[int, Hashes]]:
    """What has to go, with positions: all that stands for removed rows, and what an updated row no longer has.

    A row whose answer was lost may be removed without a remote id, or stand there in two forms.
    """
    there = known(batch)
    if batch.operation is Operation.REMOVE:
        never_sent = unfit(batch)
        lost = [(at, row) for at, row in enumerate(wanted(batch)) if at not in never_sent and row != there[at]]
        return [(at, row) for at, row in enumerate(there) if row] + lost
    now = {value for row in wanted(batch) for value in row.values()}
    gone = [{field: value for field, value in row.items() if value not in now} for row in there]
    return [(position, row) for position, row in enumerate(gone) if row]


def remote_id(hashes: Hashes) -> str:
    return orjson.dumps(hashes).decode()
