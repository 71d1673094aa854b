"""Opening the store: one URL, the right pragmas, and a schema of exactly this version."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from cdp.clock import Clock, SystemClock
from cdp.errors import BusyError, ConfigurationError
from cdp.store.leases import Lease, acquire, is_held
from cdp.store.upgrading import upgrade

BUSY_TIMEOUT_MS = 30_000
_WRITES = "cdp_writes"
# Sequence numbers are given before a commit: without this, a reader of `receipts` could pass by a number still to come.
_RECEIPTS_LOCK = 0x63647001


class Store:
    """The operational store, at this code's schema. Safe to share between threads, not between processes."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine, self._clock = engine, clock

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    def reading(self) -> AbstractContextManager[Connection]:
        """A consistent view; on SQLite it never waits for a writer."""
        return self.engine.begin()

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction, committed at the end of the block and rolled back by an exception."""
        return self.engine.execution_options(**{_WRITES: True}).begin()

    def serialise_receipts(self, connection: Connection) -> None:
        """Make the sequence of `receipts` follow the order of commits, for the rest of this transaction."""
        if self.dialect == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _RECEIPTS_LOCK})

    def serialise(self, connection: Connection, name: str) -> None:
        """One at a time for everybody who names the same thing, for the rest of this transaction."""
        if self.dialect == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": name})

    def lease(self, name: str, patience: float = 0.0) -> AbstractContextManager[Lease]:
        """Hold `name` for the length of a block; it ends with the process, whatever ends that.

        Waits up to `patience` seconds. Raises BusyError that says who holds it.
        """
        return acquire(self.engine, self.writing, name, patience, self._clock)

    def is_held(self, name: str) -> bool:
        """Whether somebody holds the lease `name` now."""
        return is_held(self.engine, name)

    def close(self) -> None:
        self.engine.dispose()


def open_store(url: str, clock: Clock | None = None) -> Store:
    """Open the store at an SQLAlchemy URL and bring an older one up to date.

    `clock` dates leases (default: the machine's). Raises ConfigurationError where the URL is no good, nobody answers,
    or the store belongs to a newer version.
    """
    store = Store(_engine(_address(url)), clock or SystemClock())
    try:
        upgrade(store.reading, store.writing)
    except OperationalError as error:
        raise _closed(str(error.orig).strip().splitlines()[0]) from None
    except DatabaseError:
        raise ConfigurationError(
            "the operational store is damaged, or is none.",
            remedy="Restore it from a copy: it knows what the tools were sent, which nothing else does.",
        ) from None
    return store


def _closed(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"the operational store does not open: {reason}.",
        remedy="Check that the server runs and that the file's folder can be written.",
    )


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # the latter: a port that is no number
        raise ConfigurationError(
            "the URL of the operational store is not one.",
            remedy="Write `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`.",
        ) from None
    is_postgres = address.get_backend_name() in {"postgresql", "postgres"}
    return address.set(drivername="postgresql+psycopg2") if is_postgres else address


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    if url.get_backend_name() != "sqlite":
        raise ConfigurationError(
            f"the operational store cannot be {url.get_backend_name()}.", remedy="Use SQLite or PostgreSQL."
        )
    if not url.database:
        raise ConfigurationError("an operational store in memory would forget what was sent.", remedy="Name a file.")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _closed(str(error.strerror)) from None
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late for a consistent read
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    except OperationalError as error:
        if "locked" not in str(error.orig):
            raise
        raise BusyError(
            f"another process has held the operational store for {BUSY_TIMEOUT_MS / 1000:.0f} s.",
            remedy="Nothing was written; wait until it ends, then try again.",
        ) from None
