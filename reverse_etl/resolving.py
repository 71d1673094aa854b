"""What became of a row whose answer was lost: said by a person who has looked at the tool."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
from sqlalchemy import insert

from cdp.errors import CdpError
from cdp.store import Store
from cdp.store.schema import audit_log
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import KEY, OK, ROW_HASH, Batch, Operation, Status, Verdict
from reverse_etl.ledger import StoreLedger
from reverse_etl.payload import Seal
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.status import status_of_key


def resolve(
    store: Store,
    projection: ReceiptsProjection,
    seal: Seal,
    declared: Sync,
    key: str,
    *,
    arrived: bool,
    actor: str,
    reason: str,
    at: datetime,
) -> None:
    """Record whether the tool did what it was asked about `key`; where it did not, the next plan asks again.

    Raises CdpError where no answer about this key is missing, BusyError where a run of the sync is at work.
    """
    projection.catch_up()
    sync, known = declared.name, status_of_key(store, projection, seal, declared, key)
    if not known.receipts or known.receipts[0].verdict != Verdict.UNKNOWN:
        raise CdpError(f"no answer about this key is missing in {sync}.", remedy="See `cdp explain sync`.")
    lost = known.receipts[0]
    was_removal = lost.operation == Operation.REMOVE
    before = known.acknowledged.row_hash if known.acknowledged else None
    # What stands there now; an answer of "ok" to it is what the plan then starts from.
    stands = None if was_removal and arrived else lost.row_hash if arrived else before
    operation = Operation.REMOVE if stands is None else Operation.UPDATE
    rows = pa.record_batch({KEY: [key], ROW_HASH: [stands or lost.row_hash]})
    with store.lease(f"sync:{sync}") as lease:
        ledger = StoreLedger(store, lease, sync, declared.target, seal=seal)
        run = ledger.begin(at)
        ledger.enqueue(run, lost.generation or 0, [(operation, rows)], held=0)
        ledger.settle(run, Batch(0, operation, f"{sync}-{run}-0", rows), [OK], None, at)
        ledger.conclude(run, Status.OK, f"resolved by {actor}", at)
    told = f"run {run}, {'it arrived' if arrived else 'it did not arrive'}: {reason}"
    with store.writing() as connection:
        connection.execute(
            insert(audit_log).values(at=at, actor=actor, action="resolve", subject=f"sync:{sync}", detail=told)
        )
