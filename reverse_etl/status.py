"""How syncs stand, from the operational store: the last run, what is in flight, and what one key went through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from cdp.store import Store
from cdp.store.schema import acknowledged, holds, outbox, rejections, sync_runs
from reverse_etl.engine.words import KEY
from reverse_etl.payload import unpacked


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """One sync. Counts are rows; `status` is `never ran` before the first run."""

    sync: str
    status: str
    reason: str
    started_at: datetime | None
    acknowledged: int
    rejected: int
    in_flight: int
    open_holds: int


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """What the store knows about one key of one sync; empty text where it knows nothing."""

    acknowledged_at: datetime | None
    rejected_at: datetime | None
    rejected_code: str
    rejected_reason: str
    in_flight_operation: str
    in_flight_tries: int
    in_flight_code: str
    is_in_a_job: bool


def status_of(store: Store, sync: str) -> SyncStatus:
    last_run = select(sync_runs).where(sync_runs.c.sync == sync).order_by(sync_runs.c.run_id.desc()).limit(1)
    counts = select(
        select(func.count()).where(acknowledged.c.sync == sync).scalar_subquery(),
        select(func.count()).where(rejections.c.sync == sync).scalar_subquery(),
        select(func.coalesce(func.sum(outbox.c.row_count), 0)).where(outbox.c.sync == sync).scalar_subquery(),
        select(func.count()).where(holds.c.sync == sync, holds.c.released_at.is_(None)).scalar_subquery(),
    )
    with store.reading() as connection:
        runs = connection.execute(last_run).all()
        found = [int(str(count)) for count in connection.execute(counts).one()]
    if not runs:
        return SyncStatus(sync, "never ran", "", None, *found)
    run = runs[0]
    return SyncStatus(sync, run.status, run.reason, run.started_at, *found)


def status_of_key(store: Store, sync: str, key: str) -> KeyStatus:
    stands = select(acknowledged.c.at).where(acknowledged.c.sync == sync, acknowledged.c.key == key)
    refused = select(rejections).where(rejections.c.sync == sync, rejections.c.key == key)
    with store.reading() as connection:
        acknowledged_at = connection.scalar(stands)
        rejected = connection.execute(refused).all()
        batches = connection.execute(select(outbox).where(outbox.c.sync == sync)).all()
    travelling = [batch for batch in batches if key in unpacked(batch.payload).column(KEY).to_pylist()]
    at, code, reason = (rejected[0].at, rejected[0].code, rejected[0].reason) if rejected else (None, "", "")
    ways = [(batch.operation, batch.attempts, batch.code, bool(batch.job)) for batch in travelling]
    return KeyStatus(acknowledged_at, at, code, reason, *(ways or [("", 0, "", False)])[0])
