"""Going back to an older generation, and what stays, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import pytest

from cdp.errors import BusyError, CdpError, ConfigurationError, GateError, OtherModelsError
from cdp.operations.generations import last_decision, resume_builds, roll_back
from cdp.operations.retention import clear_away
from cdp.pipeline.building import Building
from cdp.pipeline.due import build_is_due, why_builds_wait
from cdp.project import Project
from cdp.store import open_store
from reverse_etl.engine.run import SyncResult
from reverse_etl.engine.words import Status
from reverse_etl.holds import release
from tests.doubles.inbox import Company
from tests.doubles.warehouses import AS_OF, Engine, on_engine
from tests.doubles.workbench import Workbench

A, B, C = ("a", "1"), ("b", "1"), ("c", "1")


@pytest.fixture(params=["duckdb", "postgres"])
def engine(company: Company, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return on_engine(company, request, monkeypatch)


@pytest.fixture
def bench(company: Company) -> Iterator[Workbench]:
    bench = Workbench(company.root, guards={"max_removal_share": 0.2})
    yield bench
    bench.close_store()


def numbers(engine: Engine) -> list[int]:
    return [each.generation.number for each in engine.warehouse.kept()]


def test_readers_see_the_older_generation_again_and_the_newer_is_kept_by_name(engine: Engine) -> None:
    engine.publish(A, fingerprint="first")
    engine.publish(A, B, fingerprint="second")
    assert roll_back(engine.project, None, "olga", "B is a mistake").fingerprint == "first"
    assert engine.read() == [A]
    assert engine.read(2) == [A, B]
    newest, oldest = engine.warehouse.kept()
    assert (newest.generation.number, newest.is_published, newest.is_set_aside) == (2, False, True)
    assert (oldest.generation.number, oldest.is_published, oldest.is_set_aside) == (1, True, False)
    assert newest.bytes > 0
    assert newest.published_at is not None
    with closing(open_store(engine.project.store_url)) as store:
        assert "olga: roll back from generation 2 to 1: B is a mistake" in last_decision(store)


def test_builds_wait_until_a_person_lets_them_go_on_and_then_start_from_what_is_published(engine: Engine) -> None:
    engine.publish(A)
    engine.publish(A, B)
    assert build_is_due(engine.project)
    roll_back(engine.project, 1, "olga", "B is a mistake")
    assert not build_is_due(engine.project)
    assert "generation 2 was rolled back from" in why_builds_wait(engine.warehouse)
    with pytest.raises(GateError, match=r"builds wait: generation 2 .* cdp generations resume"):
        Building(engine.project, engine.warehouse).begin()
    assert resume_builds(engine.project, "olga", "the model is repaired").number == 2
    assert build_is_due(engine.project)
    assert Building(engine.project, engine.warehouse).begin().generation.number == 3
    assert engine.candidate() == [A]
    assert engine.warehouse.publish().number == 3
    assert engine.read() == [A]
    with pytest.raises(CdpError, match="no build waits"):
        resume_builds(engine.project, "olga", "again")


def test_a_person_may_go_back_twice_and_forward_again(engine: Engine) -> None:
    engine.publish(A)
    engine.publish(B)
    engine.publish(C)
    roll_back(engine.project, None, "olga", "C")
    roll_back(engine.project, None, "olga", "B, too")
    assert engine.read() == [A]
    aside = engine.warehouse.set_aside()
    assert aside is not None
    assert aside.number == 3
    roll_back(engine.project, 3, "olga", "it was right")
    assert engine.read() == [C]
    assert engine.warehouse.set_aside() is None


def test_only_what_is_kept_and_not_read_already_can_be_gone_back_to(engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match="nothing has been built yet"):
        roll_back(engine.project, None, "olga", "x")
    engine.publish(A)
    with pytest.raises(ConfigurationError, match="no generation before 1 is kept"):
        roll_back(engine.project, None, "olga", "x")
    with pytest.raises(CdpError, match="readers see generation 1 already"):
        roll_back(engine.project, 1, "olga", "x")
    with pytest.raises(ConfigurationError, match="generation 9 is not kept: there is 1"):
        roll_back(engine.project, 9, "olga", "x")
    with open_store(engine.project.store_url).lease("build"), pytest.raises(BusyError):
        roll_back(engine.project, None, "olga", "x")


def synced(bench: Workbench, engine: Engine) -> SyncResult:
    bench.warehouse = engine.warehouse
    return bench.run()


def test_tools_hold_what_they_were_sent_and_the_next_plan_takes_it_back_under_the_guards(
    engine: Engine, bench: Workbench
) -> None:
    engine.publish(A, B)
    assert synced(bench, engine).counts.ok == 2
    engine.publish(A, B, C)
    assert synced(bench, engine).counts.ok == 1
    roll_back(engine.project, None, "olga", "C is a mistake")
    held = synced(bench, engine)
    assert held.plan is not None
    assert (held.status, held.plan.add, held.plan.remove, held.plan.unchanged) == (Status.HELD, 0, 1, 2)
    assert "it would remove" in held.reason
    release(bench.store, "newsletter", "olga", "C goes", AS_OF)
    assert synced(bench, engine).counts.ok == 1
    settled = synced(bench, engine)
    assert (settled.counts.planned, settled.plan.unchanged if settled.plan else 0) == (0, 2)


def test_a_failed_audit_leaves_no_trace_in_the_build_of_tomorrow(engine: Engine) -> None:
    engine.publish(A)
    engine.build([B])
    engine.build([B, C], model="leftover")
    engine.warehouse.discard()
    assert engine.read() == [A]
    assert engine.warehouse.begin(engine.project.clock.now(), "next").generation.number == 2
    assert engine.candidate() == [A]
    with (
        engine.warehouse.candidate() as reader,
        pytest.raises(OtherModelsError, match="generation 2 has no table leftover: other models built it"),
    ):
        reader.query(f"select * from {reader.relation('leftover')}").read_all()


def test_retention_is_declared_and_spares_what_is_published_or_set_aside(engine: Engine) -> None:
    settings = engine.project.root / "cdp.yml"
    settings.write_text(settings.read_text() + "retention: {generations: 2}\n")
    kept = Engine(Project.load(engine.project.root), engine.url)
    for row in (A, B, C, A):
        kept.publish(row)
    assert numbers(kept) == [4, 3]
    roll_back(kept.project, 3, "olga", "x")
    resume_builds(kept.project, "olga", "y")
    kept.publish(B)
    assert numbers(kept) == [5, 4]
    settings.write_text(settings.read_text().replace("generations: 2", "generations: 4"))
    more = Engine(Project.load(engine.project.root), engine.url)
    more.publish(A)
    more.publish(B)
    assert numbers(more) == [7, 6, 5, 4]
    roll_back(more.project, 4, "olga", "x")
    settings.write_text(settings.read_text().replace("generations: 4", "generations: 2"))
    fewer = Project.load(engine.project.root)
    assert clear_away(fewer).generations == 1
    assert numbers(more) == [7, 6, 4]


def test_a_reader_keeps_what_it_reads_while_others_are_published(engine: Engine) -> None:
    engine.publish(A)
    with engine.warehouse.reader() as old:
        engine.publish(B)
        found = old.query(f"select id from {old.relation('sync_esp__newsletter')}").read_all()
        assert found["id"].to_pylist() == ["a"]
        assert old.generation.number == 1
    assert engine.read() == [B]


def test_the_schema_that_people_query_follows(engine: Engine) -> None:
    if not engine.url:
        pytest.skip("DuckDB's readers open the file")
    engine.publish(A)
    engine.publish(B)
    roll_back(engine.project, 1, "olga", "x")
    with adbc.connect(engine.url) as connection, connection.cursor() as cursor:
        cursor.execute("select id from cdp.sync_esp__newsletter")
        assert cursor.fetchall() == [("a",)]


def test_rejected_lines_go_when_they_are_old_and_their_counts_stay(company: Company) -> None:
    company.deliver("people/2.csv", "person_id,email,orders\n,b@example.com,2\n3,,1\n")
    company.land()
    settings, clock = company.root / "cdp.yml", company.root / "clock.json"
    settings.write_text(settings.read_text() + "retention: {rejects_days: 30}\n")
    project = Project.load(company.root)
    clock.write_text('{"as_of": "2024-05-31T06:00:00"}')
    assert clear_away(project).rejected_lines == 0
    clock.write_text('{"as_of": "2024-05-31T06:00:01"}')
    assert clear_away(project).rejected_lines == 1
    assert company.rejects() == []
    assert company.catalog("rejected")[-1] == (1,)
    assert clear_away(project).rejected_lines == 0


def test_an_older_database_is_taken_over(
    company: Company, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_WAREHOUSE_URL", postgres_database)
    settings: Path = company.root / "cdp.yml"
    settings.write_text(settings.read_text() + "warehouse: {engine: postgres}\n")
    with adbc.connect(postgres_database, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in (
            "create schema control",
            "create schema cdp",
            "create schema cdp_work",
            "create table control.generations (number bigint primary key, as_of timestamp not null, "
            "batch bigint not null, fingerprint text not null, state text not null)",
            "insert into control.generations values (6, '2024-04-30', 1, 'e', 'superseded'), "
            "(7, '2024-05-01', 1, 'f', 'published')",
            "create table cdp.sync_esp__newsletter as select 'a' as id, '1' as value",
            "create table cdp_work.sync_esp__newsletter as select 'a' as id, '1' as value",
        ):
            cursor.execute(statement)
    engine = Engine(Project.load(company.root), postgres_database)
    assert engine.read() == [A]
    assert numbers(engine) == [7]
    assert engine.publish(A, B).number == 8
    roll_back(engine.project, 7, "olga", "x")
    assert engine.read() == [A]
