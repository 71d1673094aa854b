"""What tools reported lands once, whatever was cut off where."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from cdp.errors import ConfigurationError
from cdp.landing.inbound import InboundEvents
from cdp.pipeline.due import unseen_files
from cdp.store import Store, open_store
from cdp.store.schema import inbound
from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.inbox import MORNING, Company

SOURCES = REPOSITORY / "dbt_project/models/staging/feedback/_feedback__sources.yml"


@pytest.fixture
def company(tmp_path: Path) -> Company:
    opened = Company(tmp_path / "company")
    opened.declare("feedback", SOURCES.read_text())
    return opened


@pytest.fixture
def store(company: Company) -> Iterator[Store]:
    opened = open_store(company.project.store_url)
    yield opened
    opened.close()


def report(store: Store, *names: str, at: datetime = MORNING) -> None:
    shared = {"destination": "esp", "received_at": at, "occurred_at": at, "kind": "opened", "channel": "email"}
    with store.writing() as connection:
        for name in names:
            address = {"address_kind": "email", "address": f"{name}@example.com"}
            connection.execute(insert(inbound).values(event_id=name, **shared, **address))


def marks(store: Store) -> list[tuple[str, int | None, str | None]]:
    wanted = select(inbound.c.event_id, inbound.c.landed_batch, inbound.c.address).order_by(inbound.c.inbound_id)
    with store.reading() as connection:
        return [tuple(row) for row in connection.execute(wanted)]


def landed(company: Company) -> list[tuple[int, str]]:
    return company.rows("events", "inbound_id, event_id", "feedback")


def test_each_landing_takes_what_is_new(company: Company, store: Store) -> None:
    report(store, "a", "b")
    assert company.land().batch == 1
    assert company.land().batch is None
    report(store, "c")
    assert company.land().batch == 2
    assert landed(company) == [(1, "a"), (2, "b"), (3, "c")]
    assert [(name, batch) for name, batch, _ in marks(store)] == [("a", 1), ("b", 1), ("c", 2)]
    assert company.rows("events", "email, phone, kind", "feedback")[0] == ("a@example.com", None, "opened")
    assert company.catalog("source, table_name, landed") == [("feedback", "events", 2), ("feedback", "events", 1)]


def test_a_landing_cut_off_before_its_commit_has_taken_nothing(
    company: Company, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(store, "a")
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr("cdp.landing.batch.Batch.commit", lambda _: 1 / 0)
        company.land()
    assert landed(company) == []
    assert marks(store)[0][1] is None
    company.land()
    assert landed(company) == [(1, "a")]


def test_a_landing_cut_off_after_its_commit_is_not_repeated(
    company: Company, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(store, "a")
    taken = InboundEvents.land
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        # Of the two times that the store is told, the one after the commit is lost.
        told = iter([lambda: None, lambda: 1 / 0])
        patch.setattr(InboundEvents, "note_landed", lambda _: next(told)())
        patch.setattr(InboundEvents, "land", taken)
        company.land()
    assert marks(store)[0][1] is None, "the store has not been told"
    report(store, "b")
    company.land()
    assert landed(company) == [(1, "a"), (2, "b")]
    assert [(name, batch) for name, batch, _ in marks(store)] == [("a", 1), ("b", 2)]


def test_an_address_is_gone_from_the_store_some_days_after_it_landed(company: Company, store: Store) -> None:
    old = MORNING - timedelta(days=company.project.settings.store.outbox_days, seconds=1)
    report(store, "old", at=old)
    report(store, "new")
    company.land()
    assert marks(store) == [("old", 1, None), ("new", 1, "new@example.com")]
    assert [email for (email,) in company.rows("events", "email", "feedback")] == ["old@example.com", "new@example.com"]


def test_a_store_that_knows_less_than_the_lake_is_refused(company: Company, store: Store) -> None:
    report(store, "a", "b")
    company.land()
    with store.writing() as connection:
        connection.execute(inbound.delete().where(inbound.c.event_id == "b"))
        connection.execute(update(inbound).values(landed_batch=None))
    with pytest.raises(ConfigurationError, match="feedback up to number 2, the operational store only up to 1"):
        company.land()


def test_the_sensor_sees_what_waits(company: Company, store: Store) -> None:
    assert unseen_files(company.project) == ""
    report(store, "a")
    first = unseen_files(company.project)
    report(store, "b")
    assert "" != first != unseen_files(company.project) != ""
    company.land()
    assert unseen_files(company.project) == ""
