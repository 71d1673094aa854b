"""The limits of an account, counted in the operational store: nobody who shares it exceeds them (ADR 20)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, literal, select, update

from cdp.store import Store
from cdp.store.schema import calls
from reverse_etl.engine.ports import Limit, Time


class StoreAllowance:
    """See `reverse_etl.engine.ports.Allowance`."""

    def __init__(self, store: Store, account: str, limits: Sequence[Limit], time: Time) -> None:
        self._store, self._account, self._limits, self._time = store, account, limits, time
        self._last = 0

    def claim(self, rows: int) -> float:
        if not self._limits:
            return 0.0
        with self._store.writing() as connection:
            self._store.serialise(connection, f"account:{self._account}")
            now, so_far = self._time.wall(), self._rows_so_far(connection)
            wait = max(self._wait(connection, limit, rows, so_far, now) for limit in self._limits)
            if wait > 0:
                return wait
            row = {"account": self._account, "at": now, "row_count": rows, "rows_so_far": so_far + rows}
            self._last = connection.execute(insert(calls).values(row).returning(calls.c.call_id)).scalar_one()
            self._forget(connection, now)
        return 0.0

    def answered(self) -> None:
        if self._last:
            with self._store.writing() as connection:
                connection.execute(update(calls).where(calls.c.call_id == self._last).values(at=self._time.wall()))

    def _wait(self, connection: Connection, limit: Limit, rows: int, so_far: int, now: float) -> float:
        """Seconds until the call that fills the window has left it."""
        ours = select(calls.c.at).where(calls.c.account == self._account).order_by(calls.c.at.desc())
        if limit.of == "calls":
            filling = ours.offset(limit.count - 1)
        else:
            # A batch of more rows than the limit goes alone.
            room = so_far + min(rows, limit.count) - limit.count
            filling = ours.where(calls.c.rows_so_far - calls.c.row_count < room, literal(rows > 0))
        at = connection.scalar(filling.limit(1))
        return 0.0 if at is None else at + limit.seconds - now

    def _rows_so_far(self, connection: Connection) -> int:
        newest = select(calls.c.rows_so_far).where(calls.c.account == self._account).order_by(calls.c.call_id.desc())
        return connection.scalar(newest.limit(1)) or 0

    def _forget(self, connection: Connection, now: float) -> None:
        gone = calls.c.at < now - max(limit.seconds for limit in self._limits)
        connection.execute(delete(calls).where(calls.c.account == self._account, gone))
