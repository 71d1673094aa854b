"""What became of a row whose answer was lost: said by a person who has looked at the tool."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Row, insert, select

from cdp.errors import CdpError
from cdp.store import Store
from cdp.store.schema import acknowledged, audit_log, receipts
from reverse_etl.engine.words import KEY, OK, ROW_HASH, Batch, Operation, Status, Verdict
from reverse_etl.ledger import StoreLedger


def resolve(store: Store, sync: str, key: str, *, arrived: bool, actor: str, reason: str, at: datetime) -> None:
    """Record whether the tool did what it was asked about `key`; where it did not, the next plan asks again.

    Raises CdpError where no answer about this key is missing, BusyError where a run of the sync is at work.
    """
    lost = _lost(store, sync, key)
    was_removal = lost.operation == Operation.REMOVE
    before = _acknowledged(store, sync, key)
    # What stands there now; an answer of "ok" to it is what the plan then starts from.
    stands = None if was_removal and arrived else lost.row_hash if arrived else before
    operation = Operation.REMOVE if stands is None else Operation.UPDATE
    rows = pa.record_batch({KEY: [key], ROW_HASH: [stands or lost.row_hash]})
    with store.lease(f"sync:{sync}") as lease:
        ledger = StoreLedger(store, lease, sync, lost.destination)
        run = ledger.begin(at)
        ledger.enqueue(run, lost.generation or 0, [(operation, rows)], held=0)
        ledger.settle(run, Batch(0, operation, f"{sync}-{run}-0", rows), [OK], None, at)
        ledger.conclude(run, Status.OK, f"resolved by {actor}", at)
    told = f"run {run}, {'it arrived' if arrived else 'it did not arrive'}: {reason}"
    with store.writing() as connection:
        connection.execute(
            insert(audit_log).values(at=at, actor=actor, action="resolve", subject=f"sync:{sync}", detail=told)
        )


def _lost(store: Store, sync: str, key: str) -> Row[Any]:
    newest = select(receipts).where(receipts.c.sync == sync, receipts.c.key == key).order_by(receipts.c.seq.desc())
    with store.reading() as connection:
        found = connection.execute(newest.limit(1)).all()
    if not found or found[0].verdict != Verdict.UNKNOWN:
        raise CdpError(f"no answer about this key is missing in {sync}.", remedy="See `cdp explain sync`.")
    return found[0]


def _acknowledged(store: Store, sync: str, key: str) -> str | None:
    known = select(acknowledged.c.row_hash).where(acknowledged.c.sync == sync, acknowledged.c.key == key)
    with store.reading() as connection:
        return connection.scalar(known)
