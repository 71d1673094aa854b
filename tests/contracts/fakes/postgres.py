"""A table of a real PostgreSQL server, behind a line that breaks."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import make_url

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.postgres import CONNECTOR
from reverse_etl.sandbox.faults import Fault, Faults
from tests.contracts.case import Case, email, person
from tests.contracts.certificates import write_certificate
from tests.contracts.line import Line
from tests.doubles.postgres import postgres_binaries, temporary_postgres

PASSWORD = "a password, with %40 & 'quotes'"
TABLE = "marketing.customers"
_MEMBERS = f"select email from {TABLE}"
_RULES = "host all crm 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"


@dataclass
class PostgresTool:
    """A database in which `crm` may do what a connector's user should."""

    url: str
    faults: Faults
    owner: str

    def authority(self) -> str:
        """The file of the authority that vouches for the server."""
        return f"{self.ask('show data_directory')[0][0]}/server.crt"

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database's owner gets to see, past the line."""
        connection = psycopg2.connect(self.owner)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def members(self) -> set[str]:
        return {row[0] for row in self.ask(_MEMBERS)} if self._is_there() else set()

    def stranger(self) -> str:
        self.ask(f"create table {TABLE} (email text primary key, customer_id bigint, first_name text)")
        self.ask(f"grant all on {TABLE} to crm")
        self.ask(f"insert into {TABLE} values ('theirs', 1, 'Theirs')")
        return "theirs"

    def repeated(self) -> int:
        return 0

    def _is_there(self) -> bool:
        return self.ask("select to_regclass(%s) is not null", TABLE)[0][0] is True


@contextmanager
def postgres_tool(_: Path) -> Iterator[PostgresTool]:
    owner = make_url(_server())
    with Line((str(owner.host), int(owner.port or 0)), trigger=b"COMMIT").up() as line:
        url = f"postgresql://crm@127.0.0.1:{line.port}/{owner.database}"
        tool = PostgresTool(url, line.faults, owner.render_as_string(hide_password=False))
        tool.ask("drop schema if exists marketing cascade")
        tool.ask("create schema marketing")
        tool.ask("grant usage, create on schema marketing to crm")
        yield tool


@cache
def _server() -> str:
    """One server for all tests of this process, in which the user `crm` needs a password."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: these tests run where `initdb` and `postgres` are")
    stack = ExitStack()
    atexit.register(stack.close)
    url = stack.enter_context(temporary_postgres(binaries))
    tool = PostgresTool("", Faults(), url)
    tool.ask("create role crm login password %s", PASSWORD)
    Path(tool.ask("show hba_file")[0][0]).write_text(_RULES, encoding="utf-8")
    _speak_tls(tool)
    return url


def _speak_tls(tool: PostgresTool) -> None:
    data = Path(tool.ask("show data_directory")[0][0])
    for file in write_certificate(data):
        shutil.chown(file, data.stat().st_uid)
    tool.ask("alter system set ssl = on")
    tool.ask("select pg_reload_conf()")


CASE = Case(
    "postgres",
    CONNECTOR,
    postgres_tool,
    Target(TABLE, options={"key_column": "email"}),
    email,
    person,
    ("nul\0character@example.com", person(0)),
    PASSWORD,
    ["anna", "Anna"],
    options={"sslmode": "disable"},
    faults=frozenset({Fault.LOSE_BEFORE, Fault.LOSE_AFTER, Fault.HALF_ANSWER, Fault.HANG}),
    refuses_too_many=False,
)
