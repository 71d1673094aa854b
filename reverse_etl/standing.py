"""How each key of a sync's present list stands, and putting on record that it stands otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import insert

from cdp.store import Store
from cdp.store.schema import audit_log
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import KEY, REMOTE_ID, ROW_HASH, Batch, Operation, RowVerdict, Status, Verdict
from reverse_etl.ledger import StoreLedger
from reverse_etl.payload import Seal
from reverse_etl.receipts import ReceiptsProjection

_KEYS = """
select key,
    arg_max(operation, seq) as operation,
    arg_max(verdict, seq) as verdict,
    arg_max(code, seq) as code,
    arg_max(reason, seq) as reason,
    arg_max(row_hash, seq) as asked_hash,
    max("at") as since,
    case when arg_max(operation, seq) filter (where verdict = 'ok') <> 'remove'
        then arg_max(row_hash, seq) filter (where verdict = 'ok') end as held_hash,
    arg_max_null(remote_id, seq) filter (where verdict = 'ok') as remote_id
from {receipts}
where list_contains($names, sync) and coalesce(target = $target, true) and verdict in ('ok', 'rejected', 'unknown')
group by key
"""


def keys_of(projection: ReceiptsProjection, sync: Sync) -> pa.Table:
    """A row per key that the tool ever answered for: its last answer, and by which row it holds it (null: not)."""
    return projection.table(_KEYS, {"names": sync.names, "target": sync.target})


@dataclass(frozen=True, slots=True)
class Books:
    """Where it is on record what tools hold."""

    store: Store
    projection: ReceiptsProjection
    seal: Seal


@dataclass(frozen=True, slots=True)
class Word:
    """Who puts something on record, why, and when; `action` is how the audit log calls it."""

    action: str
    actor: str
    reason: str
    at: datetime


def held(keys: pa.Table) -> pa.RecordBatch:
    """The rows that a tool holds, as `_key`, `_row_hash`, `_remote_id`."""
    return _rows(keys.filter(pc.is_valid(keys.column("held_hash"))), "held_hash")


def absent(keys: pa.Table) -> pa.Table:
    """The same, held by nobody."""
    nothing = pa.nulls(keys.num_rows, pa.string())
    return keys.set_column(keys.schema.get_field_index("held_hash"), "held_hash", nothing)


def restate(books: Books, sync: Sync, keys: pa.Table, word: Word) -> int:
    """Record that the tool holds just what `held_hash` says of these keys, as one run; gives its number.

    The next plan starts from there. Raises BusyError where a run of the sync is at work.
    """
    gone = keys.filter(pc.is_null(keys.column("held_hash")))
    said = [(Operation.UPDATE, held(keys)), (Operation.REMOVE, _rows(gone, "asked_hash"))]
    said = [(operation, rows) for operation, rows in said if rows.num_rows]
    with books.store.lease(f"sync:{sync.name}") as lease:
        ledger = StoreLedger(books.store, lease, sync.name, sync.target, seal=books.seal)
        run = ledger.begin(word.at)
        ledger.enqueue(run, 0, said, held=0)
        for position, (operation, rows) in enumerate(said):
            batch = Batch(position, operation, f"{sync.name}-{run}-{position}", rows)
            known = rows.column(REMOTE_ID).to_pylist()
            ledger.settle(run, batch, [RowVerdict(Verdict.OK, remote_id=one) for one in known], None, word.at)
        ledger.conclude(run, Status.OK, f"{word.action} by {word.actor}", word.at)
    note(books.store, sync, run, word)
    return run


def note(store: Store, sync: Sync, run: int, word: Word) -> None:
    """Write a word into the audit log, and by which run it was carried out."""
    told = {"actor": word.actor, "action": word.action, "subject": f"sync:{sync.name}"}
    with store.writing() as connection:
        connection.execute(insert(audit_log).values(at=word.at, detail=f"run {run}: {word.reason}", **told))


def _rows(keys: pa.Table, row_hash: str) -> pa.RecordBatch:
    columns = {KEY: keys.column("key"), ROW_HASH: keys.column(row_hash), REMOTE_ID: keys.column("remote_id")}
    return (
        pa.table(columns).combine_chunks().to_batches()[0]
        if keys.num_rows
        else pa.record_batch({name: pa.array([], pa.string()) for name in columns})
    )
