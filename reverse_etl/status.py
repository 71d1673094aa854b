"""How syncs stand: the last run, what the tool holds of ours, what is in flight, and what one key went through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from cdp.store import Store
from cdp.store.schema import holds, outbox, sync_runs
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import KEY, Operation, Verdict
from reverse_etl.payload import Seal
from reverse_etl.receipts import KeyReceipt, ReceiptsProjection


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """One sync. Counts are rows; `status` is `never ran` before the first run; `reject_share` is of the last run,
    None where nothing was answered in it.
    """

    sync: str
    status: str
    reason: str
    started_at: datetime | None
    acknowledged: int
    rejected: int
    in_flight: int
    open_holds: int
    reject_share: float | None = None


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """What is known about one key of a sync's list: its receipts, newest first, and whether it is on its way."""

    receipts: list[KeyReceipt]
    in_flight_operation: str = ""
    in_flight_tries: int = 0
    in_flight_code: str = ""
    is_in_a_job: bool = False

    @property
    def acknowledged(self) -> KeyReceipt | None:
        """By what receipt the tool holds it; None where it does not."""
        accepted = next((receipt for receipt in self.receipts if receipt.verdict == Verdict.OK), None)
        return accepted if accepted and accepted.operation != Operation.REMOVE else None

    @property
    def refused(self) -> KeyReceipt | None:
        """The last answer, where it was a refusal."""
        return self.receipts[0] if self.receipts and self.receipts[0].verdict == Verdict.REJECTED else None


def status_of(store: Store, projection: ReceiptsProjection, declared: Sync) -> SyncStatus:
    sync = declared.name
    last_run = select(sync_runs).where(sync_runs.c.sync == sync).order_by(sync_runs.c.run_id.desc()).limit(1)
    counts = select(
        select(func.coalesce(func.sum(outbox.c.row_count), 0)).where(outbox.c.sync == sync).scalar_subquery(),
        select(func.count()).where(holds.c.sync == sync, holds.c.released_at.is_(None)).scalar_subquery(),
    )
    with store.reading() as connection:
        runs = connection.execute(last_run).all()
        in_flight, open_holds = [int(str(count)) for count in connection.execute(counts).one()]
    found = (*projection.standing(*declared.names, target=declared.target), in_flight, open_holds)
    if not runs:
        return SyncStatus(sync, "never ran", "", None, *found)
    answered = runs[0].ok + runs[0].rejected
    share = runs[0].rejected / answered if answered else None
    return SyncStatus(sync, runs[0].status, runs[0].reason, runs[0].started_at, *found, share)


def status_of_key(store: Store, projection: ReceiptsProjection, seal: Seal, sync: Sync, key: str) -> KeyStatus:
    with store.reading() as connection:
        batches = connection.execute(select(outbox).where(outbox.c.sync == sync.name)).all()
    # A receipt from before targets were noted tells the destination alone.
    here = {sync.target, sync.destination}
    known = [receipt for receipt in projection.of_key(sync.names, key) if receipt.target in here]
    for batch in batches:
        if key in seal.open(batch.payload).column(KEY).to_pylist():
            return KeyStatus(known, batch.operation, batch.attempts, batch.code, bool(batch.job))
    return KeyStatus(known)
