from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text

from cdp.errors import ConfigurationError
from cdp.store import Store, open_store
from cdp.store.schema import audit_log, metadata
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
        ("postgresql://user:hunter2@127.0.0.1:1/none", "does not open"),
    ],
)
def test_a_url_that_is_no_good_is_told_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)
