"""The limits of an account, counted in the operational store: nobody who shares it exceeds them (ADR 20)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, literal, select, update

from cdp.store import Store
from cdp.store.schema import calls
from reverse_etl.engine.ports import EVERY_PURPOSE, Limit, Purpose, Time


class StoreAllowance:
    """See `reverse_etl.engine.ports.Allowance`."""

    def __init__(self, store: Store, account: str, limits: Sequence[Limit], time: Time) -> None:
        self._store, self._account, self._limits, self._time = store, account, limits, time
        self._last: list[int] = []

    def claim(self, rows: int, purpose: Purpose = "send") -> float:
        windows = self._windows(purpose)
        if not windows:
            return 0.0
        with self._store.writing() as connection:
            self._store.serialise(connection, f"account:{self._account}")
            now = self._time.wall()
            wait = max(window.wait(connection, rows, now) for window in windows)
            if wait > 0:
                return wait
            self._last = [window.count(connection, rows, now) for window in windows]
        return 0.0

    def answered(self) -> None:
        if self._last:
            with self._store.writing() as connection:
                connection.execute(update(calls).where(calls.c.call_id.in_(self._last)).values(at=self._time.wall()))

    def _windows(self, purpose: Purpose) -> list[_Calls]:
        scopes = {limit.scope for limit in self._limits if purpose in limit.scope}
        return [self._of(scope) for scope in sorted(scopes, key=sorted)]

    def _of(self, scope: frozenset[Purpose]) -> _Calls:
        name = self._account if scope == EVERY_PURPOSE else f"{self._account} ({', '.join(sorted(scope))})"
        return _Calls(name, [limit for limit in self._limits if limit.scope == scope])


class _Calls:
    """The calls of one scope, which its limits count together."""

    def __init__(self, name: str, limits: Sequence[Limit]) -> None:
        self._name, self._limits = name, limits

    def wait(self, connection: Connection, rows: int, now: float) -> float:
        """Seconds until a call of so many rows exceeds no limit; 0 or less where it does so now."""
        so_far = self._rows_so_far(connection)
        return max(self._left(connection, limit, rows, so_far, now) for limit in self._limits)

    def count(self, connection: Connection, rows: int, now: float) -> int:
        """Note a call; gives its number."""
        so_far = self._rows_so_far(connection) + rows
        row = {"account": self._name, "at": now, "row_count": rows, "rows_so_far": so_far}
        number: int = connection.execute(insert(calls).values(row).returning(calls.c.call_id)).scalar_one()
        gone = calls.c.at < now - max(limit.seconds for limit in self._limits)
        connection.execute(delete(calls).where(calls.c.account == self._name, gone))
        return number

    def _left(self, connection: Connection, limit: Limit, rows: int, so_far: int, now: float) -> float:
        """Seconds until the call that fills the window has left it."""
        ours = select(calls.c.at).where(calls.c.account == self._name).order_by(calls.c.at.desc())
        if limit.of == "calls":
            filling = ours.offset(limit.count - 1)
        else:
            # A batch of more rows than the limit goes alone.
            room = so_far + min(rows, limit.count) - limit.count
            filling = ours.where(calls.c.rows_so_far - calls.c.row_count < room, literal(rows > 0))
        at = connection.scalar(filling.limit(1))
        return 0.0 if at is None else at + limit.seconds - now

    def _rows_so_far(self, connection: Connection) -> int:
        newest = select(calls.c.rows_so_far).where(calls.c.account == self._name).order_by(calls.c.call_id.desc())
        return connection.scalar(newest.limit(1)) or 0
