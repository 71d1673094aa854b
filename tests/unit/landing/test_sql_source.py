"""A SQL table lands as what changed in it since the last time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from cdp.errors import LandingError
from tests.doubles.inbox import CRM, Company

Change = Callable[..., None]
SHOWN = "contact_id, city, _op"


@pytest.fixture(params=["sqlite", "postgres"])
def change(request: pytest.FixtureRequest, company: Company, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Run statements against the CRM, which is SQLite in one run and PostgreSQL in the other."""
    company.declare("crm", CRM)
    if request.param == "sqlite":
        company.crm()
        return company.crm
    url = str(request.getfixturevalue("postgres_database"))
    monkeypatch.setenv("CDP_TEST_CRM_URL", url)

    def run(*statements: str) -> None:
        engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg2"))
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    run("create table contacts (contact_id text, city text, born_on text)")
    return run


def changes(company: Company) -> list[tuple[Any, ...]]:
    """What the last batch brought."""
    newest = company.lake.last_batch()
    return [row[:-1] for row in company.rows("contacts", f"{SHOWN}, _batch", source="crm") if row[-1] == newest]


def test_each_landing_brings_what_changed(company: Company, change: Change) -> None:
    change("insert into contacts values ('1', 'Omsk', '1990-01-01'), ('2', 'Perm', null), ('3', 'Tver', null)")
    company.land()
    assert changes(company) == [("1", "Omsk", "upsert"), ("2", "Perm", "upsert"), ("3", "Tver", "upsert")]
    assert company.land().batch is None
    change("update contacts set city = 'Kirov' where contact_id = '2'", "delete from contacts where contact_id = '1'")
    change("insert into contacts values ('4', null, null)")
    company.land()
    assert changes(company) == [("2", "Kirov", "upsert"), ("4", None, "upsert"), ("1", "Omsk", "delete")]
    assert company.land().batch is None
    change("insert into contacts values ('1', 'Omsk', '1990-01-01')")
    company.land()
    assert changes(company) == [("1", "Omsk", "upsert")]
    assert company.land().batch is None


def test_a_value_that_becomes_null_is_a_change(company: Company, change: Change) -> None:
    change("insert into contacts values ('1', 'Omsk', null)")
    company.land()
    change("update contacts set city = null")
    company.land()
    assert changes(company) == [("1", None, "upsert")]
    assert company.land().batch is None


def test_an_emptied_table_is_refused(company: Company, change: Change) -> None:
    change("insert into contacts values ('1', 'Omsk', null)")
    company.land()
    change("delete from contacts")
    with pytest.raises(LandingError, match=r"raw_crm\.contacts is empty at the source, and was not before"):
        company.land()
    assert company.lake.last_batch() == 1


def test_a_table_that_was_always_empty_is_nothing_new(company: Company, change: Change) -> None:
    assert company.land().batch is None


@pytest.mark.parametrize("harm", ["drop table contacts", "alter table contacts drop column city"])
def test_a_missing_table_or_column_is_one_sentence(company: Company, change: Change, harm: str) -> None:
    change("insert into contacts values ('1', 'Omsk', null)", harm)
    company.deliver("people/1.csv", "person_id\n1\n")
    with pytest.raises(LandingError, match=r"raw_crm\.contacts cannot be read from its database") as caught:
        company.land()
    assert "select" not in str(caught.value).lower()
    assert company.lake.last_batch() == 0


def test_a_bad_row_is_set_aside_once_and_what_landed_of_it_stays(company: Company, change: Change) -> None:
    change("insert into contacts values ('1', 'Omsk', '1990-01-01'), ('2', 'Perm', null)")
    company.land()
    change("update contacts set born_on = 'long ago' where contact_id = '1'")
    landed = company.land_one("contacts")
    assert (landed.landed, landed.rejected) == (0, 1)
    assert company.rejects("reason") == [("`born_on` is not a date",)]
    assert company.land().batch is None
    change("update contacts set born_on = '1990-01-02' where contact_id = '1'")
    company.land()
    assert changes(company) == [("1", "Omsk", "upsert")]


def test_of_rows_with_one_key_one_lands_and_the_other_is_set_aside(company: Company, change: Change) -> None:
    change("insert into contacts values ('1', 'Perm', null), ('1', 'Omsk', null), ('2', 'Tver', null)")
    landed = company.land_one("contacts")
    assert (landed.landed, landed.rejected) == (2, 1)
    assert changes(company) == [("1", "Omsk", "upsert"), ("2", "Tver", "upsert")]
    assert company.rejects("reason") == [("another row has the same key",)]
    assert company.land().batch is None


def test_a_row_without_a_key_is_set_aside(company: Company, change: Change) -> None:
    change("insert into contacts values (null, 'Omsk', null), ('2', 'Tver', null)")
    assert company.land_one("contacts").rejected == 1
    assert company.land().batch is None


def test_a_newly_declared_column_brings_the_rows_that_have_it(company: Company, change: Change) -> None:
    change("insert into contacts values ('1', 'Omsk', null), ('2', 'Perm', null)")
    company.land()
    change("alter table contacts add column tier text", "update contacts set tier = 'gold' where contact_id = '2'")
    company.declare("crm", CRM + "          - {name: tier, data_type: varchar}\n")
    company.land()
    assert changes(company) == [("2", "Perm", "upsert")]
    assert company.land().batch is None
