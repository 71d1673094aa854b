"""The operational store as one SQLite file, whichever engine it is on, and back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, text

from cdp.errors import ConfigurationError
from cdp.store import Store, open_store
from cdp.store.schema import metadata, receipts, sync_runs

_ROWS_AT_ONCE = 500


def save_store(url: str, file: Path) -> None:
    """Copy the store, as it is at one moment, to a new SQLite file; nobody who works with it waits."""
    with closing(open_store(url)) as store:
        if store.dialect == "sqlite":
            _save_sqlite(Path(str(store.engine.url.database)), file)
            return
        with closing(open_store(f"sqlite:///{file}")) as saved:
            _copy(store, saved)
    _in_one_file(file)


def load_store(file: Path, url: str) -> None:
    """Fill the store at `url` from a saved one, which may be of an older version.

    Raises ConfigurationError where the store has seen a run already.
    """
    refuse_used(url)
    with closing(open_store(url)) as store:
        if store.dialect == "sqlite":
            _load_sqlite(file, Path(str(store.engine.url.database)))
        else:
            with _migrated(file) as saved:
                _copy(saved, store)
                _set_sequences(store)
    open_store(url).close()


def refuse_used(url: str) -> None:
    """Raise ConfigurationError where the store at `url` knows what tools were sent."""
    with closing(open_store(url)) as store, store.reading() as connection:
        if any(connection.scalar(select(func.count()).select_from(table)) for table in (receipts, sync_runs)):
            raise ConfigurationError(
                "the operational store knows of syncs already.",
                remedy="Restore into a project that has no data yet: nothing is overwritten.",
            )


def _save_sqlite(database: Path, file: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
    _in_one_file(file)


def _in_one_file(file: Path) -> None:
    with closing(sqlite3.connect(file)) as saved:
        saved.execute("pragma journal_mode = delete").fetchall()


def _load_sqlite(file: Path, database: Path) -> None:
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(database)) as target:
        source.backup(target)


@contextmanager
def _migrated(file: Path) -> Iterator[Store]:
    """A copy of a saved store at this version's schema."""
    copied = file.with_suffix(".migrated")
    shutil.copyfile(file, copied)
    try:
        with closing(open_store(f"sqlite:///{copied}")) as store:
            yield store
    finally:
        for each in file.parent.glob(f"{copied.name}*"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()


def _copy(source: Store, target: Store) -> None:
    """Every row, as one transaction sees them, into tables that are emptied first."""
    with source.engine.connect() as reading, target.writing() as writing:
        if source.dialect == "postgresql":
            reading.execute(text("set transaction isolation level repeatable read read only"))
        for table in metadata.sorted_tables:
            writing.execute(table.delete())
            found = reading.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table)).mappings()
            for some in found.partitions():
                writing.execute(insert(table), [dict(row) for row in some])


def _set_sequences(store: Store) -> None:
    with store.writing() as connection:
        for table in metadata.sorted_tables:
            _set_sequence(connection, table)


def _set_sequence(connection: Connection, table: Table) -> None:
    (key,) = table.primary_key.columns
    newest = connection.scalar(select(func.max(key)))
    sequence = connection.scalar(text("select pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": key.name})
    if sequence and newest:
        connection.execute(text("select setval(:sequence, :newest)"), {"sequence": sequence, "newest": newest})
