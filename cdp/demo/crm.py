"""The CRM of the demo company: a table of contacts that is edited and deleted in place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, DateTime, MetaData, String, Table, bindparam, create_engine
from sqlalchemy.engine import make_url

from cdp.demo.deliver import Due, crm_changes
from cdp.demo.engine import open_engine
from cdp.demo.places import Places

CONTACTS = Table(
    "contacts",
    MetaData(),
    Column("contact_id", String, primary_key=True),
    Column("full_name", String),
    Column("email", String),
    Column("phone", String),
    Column("birth_date", Date),
    Column("city", String),
    Column("loyalty_card", String),
    Column("do_not_contact", Boolean),
    Column("updated_at", DateTime, nullable=False),
)


def apply_changes(places: Places, url: str, due: Due) -> int:
    """Bring the CRM to the end of the days that are due, in one transaction; the number of contacts touched.

    Applying the same days twice changes nothing more.
    """
    touched = 0
    with _transaction(url) as connection, open_engine(places.folder) as engine:
        CONTACTS.metadata.create_all(connection)
        for batch in crm_changes(engine, places, due, ", ".join(CONTACTS.columns.keys())):
            rows = batch.to_pylist()
            _forget(connection, rows)
            kept = [row for row in rows if row.pop("operation") == "upsert"]
            if kept:
                connection.execute(CONTACTS.insert(), kept)
            touched += len(rows)
    return touched


def empty(url: str) -> None:
    """Take the contacts away, so that a new world finds none."""
    with _transaction(url) as connection:
        CONTACTS.metadata.drop_all(connection)


def _forget(connection: Connection, rows: list[dict[str, Any]]) -> None:
    statement = CONTACTS.delete().where(CONTACTS.c.contact_id == bindparam("gone"))
    if rows:
        connection.execute(statement, [{"gone": row["contact_id"]} for row in rows])


@contextmanager
def _transaction(url: str) -> Iterator[Connection]:
    database = make_url(url).database
    if url.startswith("sqlite") and database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
