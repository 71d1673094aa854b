"""Leases: one holder at a time, and gone with the process that held them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, select, text

from cdp.clock import Clock
from cdp.errors import BusyError
from cdp.store.schema import leases

_POLL_SECONDS = 0.05

_HELD = """
select count(*) from pg_locks
where locktype = 'advisory' and granted and ((classid::bigint << 32) | objid::bigint) = :number
"""

Writing = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that is held. Of two holders of one name, the later one has the greater `fencing`."""

    name: str
    fencing: int

    def check(self, connection: Connection) -> None:
        """Raise BusyError where somebody took the lease since; holds until this transaction ends."""
        newest = connection.scalar(select(leases.c.fencing).where(leases.c.name == self.name).with_for_update())
        if newest != self.fencing:
            raise BusyError(
                f"another run took over {self.name} while this one was away.",
                remedy="Nothing was written; let the other one finish.",
            )


@contextmanager
def acquire(engine: Engine, writing: Writing, name: str, patience: float, clock: Clock) -> Iterator[Lease]:
    """Hold `name`; see `Store.lease`."""
    deadline = time.monotonic() + patience
    lock = _session_lock if engine.dialect.name == "postgresql" else _file_lock
    with lock(engine, name, deadline) as is_held:
        if not is_held:
            with writing() as connection:
                raise _busy(connection, name)
        with writing() as connection:
            fencing = _register(connection, name, clock)
        yield Lease(name, fencing)


def is_held(engine: Engine, name: str) -> bool:
    """Whether somebody holds `name` now."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            return bool(connection.scalar(text(_HELD), {"number": _number(name)}))
    file = _lock_file(engine, name)
    if not file.is_file():
        return False
    with file.open() as opened:
        return not _try_flock(opened.fileno(), fcntl.LOCK_SH)


@contextmanager
def _file_lock(engine: Engine, name: str, deadline: float) -> Iterator[bool]:
    lock = _lock_file(engine, name)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        yield _until(deadline, lambda: _try_flock(file.fileno(), fcntl.LOCK_EX))


def _lock_file(engine: Engine, name: str) -> Path:
    database = Path(str(engine.url.database))
    return database.with_name(f"{database.name}.locks") / f"{_number(name):x}.lock"


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _session_lock(engine: Engine, name: str, deadline: float) -> Iterator[bool]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        number = {"number": _number(name)}
        is_held = _until(
            deadline, lambda: bool(connection.scalar(text("select pg_try_advisory_lock(:number)"), number))
        )
        try:
            yield is_held
        finally:
            if is_held:
                connection.execute(text("select pg_advisory_unlock(:number)"), number)


def _until(deadline: float, attempt: Callable[[], bool]) -> bool:
    while not attempt():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])


def _register(connection: Connection, name: str, clock: Clock) -> int:
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": clock.now()}
    previous = connection.scalar(select(leases.c.fencing).where(leases.c.name == name))
    fencing: int = (previous or 0) + 1
    if previous is None:
        connection.execute(leases.insert().values(name=name, fencing=fencing, **holder))
    else:
        connection.execute(leases.update().where(leases.c.name == name).values(fencing=fencing, **holder))
    return fencing


def _busy(connection: Connection, name: str) -> BusyError:
    rows = connection.execute(select(leases).where(leases.c.name == name)).all()
    holder = f" (since {rows[0].since:%Y-%m-%d %H:%M} UTC, pid {rows[0].pid} on {rows[0].host})" if rows else ""
    return BusyError(f"another run of {name} is at work{holder}.", remedy="Wait until it ends, then try again.")
