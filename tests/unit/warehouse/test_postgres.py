"""Generations on PostgreSQL: a work schema that is built, a published schema that is read."""

from __future__ import annotations

from datetime import datetime

import adbc_driver_postgresql.dbapi as adbc
import pytest
from sqlalchemy import make_url

from cdp.errors import ConfigurationError, OtherModelsError
from cdp.warehouse.postgres import PostgresReader, PostgresWarehouse
from tests.doubles.inbox import Company

AS_OF = datetime(2024, 5, 1, 6)


@pytest.fixture
def warehouse(company: Company, postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> PostgresWarehouse:
    monkeypatch.setenv("CDP_WAREHOUSE_URL", postgres_database)
    return PostgresWarehouse(company.project)


@pytest.fixture
def write(warehouse: PostgresWarehouse, postgres_database: str) -> Write:
    return Write(warehouse, postgres_database)


class Write:
    """Begin a build with one model of one row, as dbt would."""

    def __init__(self, warehouse: PostgresWarehouse, url: str) -> None:
        self.warehouse, self.url = warehouse, url

    def __call__(self, value: int) -> None:
        self.warehouse.begin(AS_OF, f"f{value}")
        with adbc.connect(self.url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("create schema if not exists cdp_work")
            cursor.execute("drop table if exists cdp_work.model")
            cursor.execute(f"create table cdp_work.model as select {value} as value")


def value(reader: PostgresReader) -> int:
    (row,) = reader.query(f"select value from {reader.relation('model')}").read_all().to_pylist()
    return int(row["value"])


def read(warehouse: PostgresWarehouse) -> int:
    with warehouse.reader() as reader:
        return value(reader)


def test_a_build_is_read_by_its_audit_alone_until_it_is_published(warehouse: PostgresWarehouse, write: Write) -> None:
    with pytest.raises(ConfigurationError, match="nothing has been built yet"), warehouse.reader():
        pass
    write(1)
    warehouse.publish()
    write(2)
    assert read(warehouse) == 1
    with warehouse.candidate() as audit:
        assert value(audit) == 2
    published = warehouse.publish()
    assert (published.number, published.fingerprint, published.batch) == (2, "f2", 1)
    assert warehouse.published() == published
    assert read(warehouse) == 2
    assert warehouse.building() is None


@pytest.mark.parametrize("end", ["discarded", "killed"])
def test_after_a_build_that_came_to_nothing_the_next_starts_from_what_is_published(
    warehouse: PostgresWarehouse, write: Write, end: str
) -> None:
    write(1)
    warehouse.publish()
    write(2)
    if end == "discarded":
        warehouse.discard()
        assert warehouse.building() is None
    assert PostgresWarehouse(warehouse._project).begin(AS_OF, "f3").generation.number == 2
    with warehouse.candidate() as reader:
        assert value(reader) == 1
    assert read(warehouse) == 1


def test_a_first_build_that_was_discarded_leaves_nothing(warehouse: PostgresWarehouse, write: Write) -> None:
    write(1)
    warehouse.discard()
    assert warehouse.published() is None
    warehouse.begin(AS_OF, "f")
    with warehouse.candidate() as reader, pytest.raises(OtherModelsError, match="generation 1 has no table model"):
        value(reader)


def test_a_reader_stays_on_its_snapshot(warehouse: PostgresWarehouse, write: Write) -> None:
    write(1)
    warehouse.publish()
    with warehouse.reader() as old:
        assert old.query("select 1 as one").read_all().num_rows == 1
        write(2)
        with warehouse.candidate() as audit:
            assert value(audit) == 2
        assert old.generation.number == 1
        assert value(old) == 1


def test_a_reader_cannot_write(warehouse: PostgresWarehouse, write: Write) -> None:
    write(1)
    warehouse.publish()
    with warehouse.reader() as reader, pytest.raises(adbc.Error, match="read-only transaction"):
        reader.query("create table cdp.another as select 1 as x").read_all()


def test_question_marks_are_parameters_outside_of_texts_alone(warehouse: PostgresWarehouse, write: Write) -> None:
    write(7)
    warehouse.publish()
    with warehouse.reader() as reader:
        sql = f"select value, '?' as \"what?\" from {reader.relation('model')} where value = ? and '?' = ?"
        assert reader.query(sql, [7, "?"]).read_all().to_pylist() == [{"value": 7, "what?": "?"}]


def test_a_server_that_does_not_answer_is_one_sentence(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_WAREHOUSE_URL", "postgresql://cdp:hidden@127.0.0.1:1/cdp")
    with pytest.raises(ConfigurationError, match=r"PostgreSQL does not answer at 127\.0\.0\.1:1") as caught:
        PostgresWarehouse(company.project).published()
    assert "hidden" not in str(caught.value)


def test_a_user_who_may_not_create_is_told_what_to_grant(
    company: Company, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(postgres_database)
    with adbc.connect(postgres_database, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("drop role if exists guest")
        cursor.execute("create role guest login")
    monkeypatch.setenv("CDP_WAREHOUSE_URL", url.set(username="guest").render_as_string(hide_password=False))
    with pytest.raises(ConfigurationError, match="the user guest may not create") as refused:
        PostgresWarehouse(company.project).begin(AS_OF, "f1")
    assert f'grant create on database "{url.database}" to "guest"' in str(refused.value)
