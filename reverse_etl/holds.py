"""Held syncs: what waits for whom, and letting exactly one plan go."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update

from cdp.errors import CdpError
from cdp.store import Store
from cdp.store.schema import audit_log, holds


def release(store: Store, sync: str, actor: str, reason: str, at: datetime) -> str:
    """Let the plan of the newest open hold of `sync` go, and write down who let it; gives the plan's digest.

    Raises CdpError where nothing is held.
    """
    is_open = (holds.c.sync == sync) & holds.c.released_at.is_(None)
    newest = select(holds).where(is_open).order_by(holds.c.hold_id.desc()).limit(1)
    with store.writing() as connection:
        rows = connection.execute(newest).all()
        if not rows:
            raise CdpError(f"no plan of {sync} is held.", remedy="See `cdp sync status`.")
        digest = str(rows[0].plan_digest)
        connection.execute(update(holds).where(holds.c.hold_id == rows[0].hold_id).values(released_at=at))
        detail = f"plan {digest}: {reason}"
        connection.execute(
            insert(audit_log).values(at=at, actor=actor, action="release", subject=f"sync:{sync}", detail=detail)
        )
    return digest
