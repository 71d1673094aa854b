"""Which syncs have something to do: asked of the operational store and the warehouse, not of Dagster's history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dagster._utils.schedules import cron_string_iterator
from sqlalchemy import Row, func, select

from cdp.errors import GateError
from cdp.gates import refuse_stopped
from cdp.project import Project
from cdp.store import Store, open_store
from cdp.store.schema import holds, outbox, sync_runs
from cdp.warehouse import open_warehouse
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import Status
from reverse_etl.runs import plan_syncs
from reverse_etl.syncs import load_syncs

_MINUTE, HOUR = 60.0, 3600.0
_WELL = {Status.OK, Status.PENDING, Status.HELD}


@dataclass(frozen=True, slots=True)
class Due:
    """A sync that should run. `because` is a sentence's end; `mark` stays the same until something has happened.

    It waits until `patience` seconds have gone since it was last started.
    """

    sync: str
    mark: str
    because: str
    patience: float = 0.0
    once: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A sync that has not seen what is published now: only a plan says whether its audience has changed.

    One that waits for a person is looked at `once`: what the same data would do is known.
    """

    sync: str
    mark: str
    generation: int
    once: bool = False
    patience: float = 0.0


def on_schedule(project: Project) -> list[str]:
    """The syncs that may run now: without a schedule, or whose time has come since their last run."""
    with closing(open_store(project.store_url)) as store:
        now = project.clock.now()
        return [sync.name for sync in load_syncs(project) if _may_run(sync, _last_run(store, sync), now)]


def due_syncs(project: Project) -> Iterator[Due | Moved]:
    """Every sync that may run now, whose gate is green, and which seems to have something to do; makes no plan."""
    published = open_warehouse(project).published()
    if published is None:
        return
    with closing(open_store(project.store_url)) as store:
        now = project.clock.now()
        for sync in load_syncs(project):
            last = _last_run(store, sync)
            is_free = _may_run(sync, last, now) and not _is_stopped(store, sync)
            if is_free and (found := _found(store, sync, last, published.number)):
                yield found


def has_changed(project: Project, sync: str) -> bool:
    """Whether a run would do anything: its plan has operations."""
    return any(plan.counts.operations or plan.counts.set_aside for plan in plan_syncs(project, [sync]))


def _found(store: Store, sync: Sync, last: Row[Any] | None, generation: int) -> Due | Moved | None:
    if last is None:
        return Due(sync.name, "first", "it has never run")
    rows, not_before = _on_their_way(store, sync)
    if rows and not_before > time.time():
        return None
    if rows or last.status not in _WELL:
        patience = _MINUTE if last.status == Status.PENDING else HOUR
        told = f"{rows:,} rows are not answered for" if rows else f"its last run is {last.status}"
        return Due(sync.name, f"after {last.run_id}", told, patience)
    if last.status == Status.HELD and not _is_held(store, sync):
        return Due(sync.name, f"released after {last.run_id}", "what was held has been released")
    is_held = last.status == Status.HELD
    return Moved(sync.name, f"generation {generation}", generation, is_held) if last.generation != generation else None


def _may_run(sync: Sync, last: Row[Any] | None, now: datetime) -> bool:
    """Whether a moment of its schedule has come since it last began; the first run waits for none."""
    if not sync.schedule or last is None:
        return True
    since = last.started_at.replace(tzinfo=UTC).timestamp()
    moments = cron_string_iterator(since, sync.schedule, "UTC")
    following = next(moment for moment in moments if moment.timestamp() > since)
    return following <= now.replace(tzinfo=UTC)


def _is_stopped(store: Store, sync: Sync) -> bool:
    """Whether a check stops it: the run that judged has told so, and a release makes it due again."""
    try:
        refuse_stopped(store, sync.name)
    except GateError:
        return True
    return False


def _last_run(store: Store, sync: Sync) -> Row[Any] | None:
    newest = select(sync_runs).where(sync_runs.c.sync == sync.name).order_by(sync_runs.c.run_id.desc()).limit(1)
    with store.reading() as connection:
        return connection.execute(newest).first()


def _on_their_way(store: Store, sync: Sync) -> tuple[int, float]:
    """Rows in the outbox, and when (epoch seconds) the first of them may be asked for."""
    waiting = select(func.coalesce(func.sum(outbox.c.row_count), 0), func.coalesce(func.min(outbox.c.not_before), 0.0))
    with store.reading() as connection:
        rows, not_before = connection.execute(waiting.where(outbox.c.sync == sync.name)).one()
    return int(str(rows)), float(str(not_before))


def _is_held(store: Store, sync: Sync) -> bool:
    open_holds = select(func.count()).where(holds.c.sync == sync.name, holds.c.released_at.is_(None))
    with store.reading() as connection:
        return bool(connection.scalar(open_holds))
