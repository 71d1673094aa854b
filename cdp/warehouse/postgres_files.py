"""A schema's tables as files, and back: PostgreSQL's own binary COPY, so that every value stays what it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import extensions
from sqlalchemy import URL

TABLES_FILE = "tables.json"
_COLUMNS = """
select c.relname, json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) order by a.attnum)
from pg_class as c join pg_attribute as a on a.attrelid = c.oid
where c.relnamespace = to_regnamespace(%s) and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
group by c.relname order by c.relname
"""


def save_schema(url: URL, schema: str, folder: Path) -> None:
    """A file per table, and one that says which columns each has."""
    with _connected(url) as cursor:
        cursor.execute(_COLUMNS, [schema])
        tables = dict(cursor.fetchall())
        for table in tables:
            with (folder / f"{table}.copy").open("wb") as file:
                cursor.copy_expert(f'copy "{schema}"."{table}" to stdout (format binary)', file)
    (folder / TABLES_FILE).write_text(json.dumps(tables, indent=1))


def load_schema(url: URL, schema: str, folder: Path) -> None:
    """Make the schema anew, with every table that was saved."""
    tables: dict[str, list[tuple[str, str]]] = json.loads((folder / TABLES_FILE).read_text())
    with _connected(url) as cursor:
        cursor.execute(f'drop schema if exists "{schema}" cascade')
        cursor.execute(f'create schema "{schema}"')
        for table, columns in tables.items():
            typed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
            cursor.execute(f'create table "{schema}"."{table}" ({typed})')
            with (folder / f"{table}.copy").open("rb") as file:
                cursor.copy_expert(f'copy "{schema}"."{table}" from stdin (format binary)', file)
            cursor.execute(f'analyze "{schema}"."{table}"')


@contextmanager
def _connected(url: URL) -> Iterator[extensions.cursor]:
    """One transaction."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(plain)
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
