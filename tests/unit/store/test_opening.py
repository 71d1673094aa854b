from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from cdp.errors import BusyError, ConfigurationError
from cdp.store import Store, open_store
from cdp.store.schema import audit_log, metadata, receipts
from cdp.store.upgrading import upgrade
from tests.doubles.moments import MORNING


def test_migrations_make_exactly_the_declared_tables(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())


def test_opening_again_keeps_what_is_there(store: Store, store_url: str) -> None:
    entry = {"at": MORNING, "actor": "a", "action": "b", "subject": "c", "detail": "d"}
    with store.writing() as connection:
        connection.execute(insert(audit_log).values(entry))
    again = open_store(store_url)
    with again.reading() as connection:
        assert connection.scalar(select(audit_log.c.detail)) == "d"
    again.close()


def test_an_older_store_is_upgraded(store: Store, store_url: str) -> None:
    with store.writing() as connection:
        metadata.drop_all(connection)
        connection.execute(text("delete from alembic_version"))
    upgraded = open_store(store_url)
    with upgraded.reading() as connection:
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())
    upgraded.close()


def test_receipts_of_an_older_store_are_gathered_by_batch(store: Store, store_url: str) -> None:
    with store.writing() as connection:
        metadata.drop_all(connection)
        connection.execute(text("delete from alembic_version"))
    upgrade(store.reading, store.writing, "0002")
    shared = "'s', 'esp', 1, {}, 'add', {}, 'h', '', '2024-05-01', 7"
    rows = [("'a'", "'ok'"), ("'b'", "'rejected'"), ("'c'", "'unknown'")]
    with store.writing() as connection:
        for key, verdict in rows:
            connection.execute(
                text(
                    "insert into receipts (sync, destination, run_id, key, operation, verdict, row_hash, code, at,"
                    f" generation) values ({shared.format(key, verdict)})"
                )
            )
        connection.execute(text("insert into acknowledged values ('s', 'a', 'h', 'r1', '2024-05-01')"))
        connection.execute(text("insert into rejections values ('s', 'b', 'h', 'add', '', 'too long', '2024-05-01')"))
    upgraded = open_store(store_url)
    with upgraded.writing() as connection:
        (batch,) = connection.execute(select(receipts)).all()
        later = {name: value for name, value in batch._asdict().items() if name != "seq"}
        assert connection.execute(insert(receipts).values(later).returning(receipts.c.seq)).scalar_one() == 4
    upgraded.close()
    assert (batch.seq, batch.ok, batch.rejected, batch.unknown, batch.generation) == (3, 1, 1, 1, 7)
    with pa.ipc.open_stream(batch.verdicts) as reader:
        found = reader.read_all().to_pylist()
    assert [(row["key"], row["verdict"], row["reason"], row["remote_id"]) for row in found] == [
        ("a", "ok", "", "r1"),
        ("b", "rejected", "too long", None),
        ("c", "unknown", "", None),
    ]


def test_a_newer_store_refuses_to_open(store: Store, store_url: str) -> None:
    with store.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="revision 9999, which this version does not know"):
        open_store(store_url)


def test_an_aborted_transaction_leaves_nothing(store: Store) -> None:
    entry = {"at": MORNING, "actor": "a", "action": "b", "subject": "c", "detail": "d"}
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        connection.execute(insert(audit_log).values(entry))
        raise ZeroDivisionError
    with store.reading() as connection:
        assert connection.execute(select(audit_log)).all() == []


def test_sqlite_survives_a_power_cut(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with store.reading() as connection:
        assert connection.scalar(text("pragma journal_mode")) == "wal"
        assert connection.scalar(text("pragma synchronous")) == 2
    store.close()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("sqlite://", "in memory"),
        ("mysql://localhost/x", "cannot be mysql"),
        ("not a url", "is not one"),
        ("postgresql://user:hunter2@host:port/none", "is not one"),
        ("postgresql://user:hunter2@127.0.0.1:1/none", "does not open"),
        ("postgresql+asyncpg://user:hunter2@127.0.0.1:1/none", "does not open"),
        ("sqlite:////dev/null/hunter2/store.db", "does not open"),
    ],
)
def test_a_url_that_is_no_good_is_told_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_store_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.write_bytes(b"anna@example.com " * 400)
    with pytest.raises(ConfigurationError, match="is damaged, or is none") as caught:
        open_store(f"sqlite:///{file}")
    assert "anna" not in str(caught.value)


def test_the_library_adds_no_value_to_what_the_database_says(store: Store) -> None:
    with pytest.raises(SQLAlchemyError) as caught, store.writing() as connection:
        connection.execute(text("insert into no_such_table values (:key)"), {"key": "anna@example.com"})
    _, heading, added = str(caught.value).partition("[SQL: ")
    assert heading and "anna" not in added


def test_a_store_that_another_process_keeps_locked_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdp.store.opening.BUSY_TIMEOUT_MS", 50)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(BusyError, match="another process has held"), store.writing():
            pass
    with store.writing() as connection:
        connection.execute(text("select 1"))
    store.close()
