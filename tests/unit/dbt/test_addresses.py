"""What counts as an e-mail address, alike on every engine."""

from __future__ import annotations

import duckdb
import psycopg2
import pytest

from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.macros import Macros

PORTABLE = REPOSITORY / "dbt_project" / "macros" / "portable"
MACROS = [PORTABLE / "text.sql", PORTABLE / "regex_matches.sql"]
LONGEST = f"{'a' * 242}@example.com"
ADDRESSES = {
    " Ada@Example.COM ": "ada@example.com",
    "ada@example": None,
    "ada moss@example.com": None,
    "ada@example.com@example.com": None,
    "a@b@example.com": None,
    "ada@example.": None,
    LONGEST: LONGEST,
    f"a{LONGEST}": None,
    f"{'a' * 1_000_000}@example.com": None,
    "ada\x01@example.com": None,
    "ada@exam\x1bple.com": None,
    "ada@example.com\x7f": None,
    "ada\n@example.com": None,
    "": None,
}


def normalised(dialect: str, text: str) -> str:
    return str(Macros(MACROS, lambda _: [], dialect=dialect).normalise_email(text))


@pytest.mark.parametrize(("given", "expected"), [*ADDRESSES.items(), ("ada\0@example.com", None)], ids=str)
def test_duckdb(given: str, expected: str | None) -> None:
    ((found,),) = duckdb.execute(f"select {normalised('duckdb', 'given')} from (select ? as given)", [given]).fetchall()
    assert found == expected


def test_postgres(postgres_database: str) -> None:
    query = f"select {normalised('postgres', 'given')} from (select cast(%s as varchar) as given) as shown"
    with psycopg2.connect(postgres_database) as connection, connection.cursor() as cursor:
        for given, expected in ADDRESSES.items():
            cursor.execute(query, [given])
            assert cursor.fetchall() == [(expected,)], given[:40]
