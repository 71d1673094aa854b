"""A small demo world delivered: the same files however the days are divided, killed or repeated."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, make_url, text

from cdp.demo import world, year
from cdp.demo.deliver import Due
from cdp.demo.places import Places, real_rows
from cdp.demo.streams import CRM, STREAMS
from cdp.demo.world import WorldSpec, build_world
from cdp.demo.year import DemoYear
from cdp.errors import CdpError, ConfigurationError
from cdp.project import Project

SMALL = WorldSpec(households=25)
SMALL_DIGEST = "54da9afd11b0652c"
"""Moves when the generator changes, or the engine's hash: the numbers that docs quote move with it."""

MARCH = date(2017, 3, 1)


@pytest.fixture(scope="module")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return built(tmp_path_factory.mktemp("small"), SMALL)


@pytest.fixture
def staged_project(small_world: Places, demo_project: Project) -> Project:
    """A project whose world is staged already, but not delivered."""
    return with_world(demo_project, small_world)


def with_world(project: Project, places: Places) -> Project:
    for part in ("world", "truth"):
        shutil.copytree(places.folder / part, project.state / "demo" / part)
    return project


def built(folder: Path, spec: WorldSpec, threads: int | None = None) -> Places:
    places = Places(folder, folder / "inbox")
    build_world(spec, places, threads=threads)
    return places


def digest(places: Places) -> str:
    """One number for every staged row and every row of the truth."""
    sources = [places.world / name / "*.parquet" for name in (*(stream.name for stream in STREAMS), CRM)]
    with duckdb.connect() as engine:
        rows = [
            engine.execute(f"select count(*), bit_xor(hash(row)) from read_parquet('{source}') as row").fetchall()
            for source in (*sources, places.truth)
        ]
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16]


def inbox(project: Project) -> dict[str, str]:
    """The content of every file, by its name."""
    return {
        str(file.relative_to(project.inbox)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(project.inbox.rglob("*"))
        if file.is_file()
    }


def contacts(project: Project) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(project.state / "demo/crm.sqlite")) as connection:
        return connection.execute("select * from contacts order by contact_id").fetchall()


def begun(project: Project, until: date = MARCH) -> DemoYear:
    demo = DemoYear(project)
    demo.begin(SMALL, until)
    return demo


@pytest.mark.parametrize("threads", [1, 2])
def test_a_seed_gives_the_same_rows_on_any_number_of_threads(tmp_path: Path, threads: int) -> None:
    assert digest(built(tmp_path, SMALL, threads)) == SMALL_DIGEST


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    assert digest(built(tmp_path, WorldSpec(households=25, seed=43))) != SMALL_DIGEST


def test_init_delivers_what_had_arrived_and_sets_the_clock(staged_project: Project) -> None:
    demo = begun(staged_project)
    assert demo.clock.now() == datetime(2017, 3, 1)
    files = inbox(staged_project)
    assert "pos/receipts_20170228.csv" in files
    assert not [name for name in files if "2017-03" in name or "201703" in name or "2017/03" in name]


def test_days_one_by_one_equal_a_later_start(
    staged_project: Project, small_world: Places, tmp_path: Path, make_project: Callable[[Path], Project]
) -> None:
    demo = begun(staged_project, date(2017, 2, 26))
    demo.next_days()
    demo.next_days(2)
    later = with_world(make_project(tmp_path / "later"), small_world)
    begun(later)
    assert demo.clock.now() == datetime(2017, 3, 1)
    assert inbox(staged_project) == inbox(later)
    assert contacts(staged_project) == contacts(later)


def test_the_truth_is_not_in_the_inbox(staged_project: Project) -> None:
    demo = begun(staged_project)
    assert demo.places.truth.is_file()
    assert not demo.places.truth.is_relative_to(staged_project.inbox)
    for file in staged_project.inbox.rglob("*.ndjson"):
        assert "person_id" not in file.read_text()
    parquet = staged_project.inbox / "**/*.parquet"
    with duckdb.connect() as engine:
        columns = engine.execute(f"describe from read_parquet('{parquet}', union_by_name = true)").fetchall()
    assert "person_id" not in {column[0] for column in columns}


def test_delivered_files_hold_every_real_line_to_the_cent(staged_project: Project) -> None:
    begun(staged_project, year.END)
    tills = staged_project.state / "tills.csv"
    lines = [file.read_text("windows-1251").splitlines() for file in sorted(staged_project.inbox.glob("pos/*.csv"))]
    tills.write_text("\n".join([lines[0][0], *(line for file in lines for line in file[1:] if line.count(";") == 13)]))
    with duckdb.connect() as engine:
        delivered = engine.execute(
            f"""
            select count(*), sum(cents) from (
                select cast(amount * 100 as bigint) as cents
                from read_parquet('{staged_project.inbox}/shop/orders/**/*.parquet') where status = 'placed'
                union all
                select cast(cast(replace(amount, ',', '.') as decimal(18, 2)) * 100 as bigint)
                from read_csv('{tills}', delim = ';', all_varchar = true)
                where receipt_type = 'sale' and amount <> 'n/a'
            )"""
        ).fetchall()
        real = engine.execute(
            f"""
            with households as (
                select distinct household_id from '{real_rows()}/transactions.parquet' order by household_id limit 25
            )
            select count(*), sum(cast(round(sales_value * 100) as bigint))
            from '{real_rows()}/transactions.parquet' join households using (household_id)"""
        ).fetchall()
    assert delivered == real


def test_files_speak_the_way_of_their_source(staged_project: Project) -> None:
    begun(staged_project)
    [header, first, *_] = (staged_project.inbox / "pos/receipts_20170201.csv").read_text("windows-1251").splitlines()
    assert header.count(";") == first.count(";") == 13
    assert "," in first.split(";")[9]
    assert any("а" <= letter <= "я" for letter in first.split(";")[5])
    [web, *_] = sorted((staged_project.inbox / "web").glob("*.ndjson"))
    message = json.loads(web.read_text().splitlines()[0])
    assert message["timestamp"].endswith("Z")
    assert {"messageId", "type", "anonymousId", "context"} <= set(message)
    [*_, tickets] = sorted((staged_project.inbox / "support").glob("*.json"))
    assert isinstance(json.loads(tickets.read_text()), list)
    assert not list(staged_project.inbox.rglob("*.part"))


def test_the_crm_forgets_deleted_contacts(staged_project: Project) -> None:
    demo = begun(staged_project, year.END)
    with duckdb.connect() as engine:
        staged = f"read_parquet('{demo.places.world / CRM / '*.parquet'}')"
        gone = engine.execute(f"select contact_id from {staged} where operation = 'delete'").fetchall()
        known = engine.execute(f"select distinct contact_id from {staged}").fetchall()
    left = {row[0] for row in contacts(staged_project)}
    assert left == {contact for (contact,) in known} - {contact for (contact,) in gone}


def test_the_crm_may_stand_in_postgresql(staged_project: Project, postgres_database: str) -> None:
    demo = begun(staged_project, year.END)
    url = make_url(postgres_database).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    year.crm.apply_changes(demo.places, url, Due(year.FIRST_DAY, MARCH))
    year.crm.apply_changes(demo.places, url, Due(MARCH, year.END))
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("select contact_id, email from contacts order by contact_id")).fetchall()
    engine.dispose()
    assert [tuple(row) for row in found] == [(contact, email) for contact, _, email, *_ in contacts(staged_project)]


def test_a_killed_start_is_finished_by_the_next(
    demo_project: Project,
    small_world: Places,
    tmp_path: Path,
    make_project: Callable[[Path], Project],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undisturbed = with_world(make_project(tmp_path / "undisturbed"), small_world)
    begun(undisturbed)
    for module, step in ((world, "_write_truth"), (year, "deliver"), (year.crm, "apply_changes")):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(module, step, interrupted)
            begun(demo_project)
        assert not (demo_project.state / "demo/clock.json").exists()
    begun(demo_project)
    assert inbox(demo_project) == inbox(undisturbed)
    assert contacts(demo_project) == contacts(undisturbed)


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_second_world_is_refused_unless_it_replaces_the_first(staged_project: Project) -> None:
    demo = begun(staged_project)
    with pytest.raises(CdpError, match="--replace"):
        demo.begin(SMALL, MARCH)
    (staged_project.inbox / "left over").touch()
    demo.begin(SMALL, date(2017, 1, 3), replace=True)
    assert demo.clock.now() == datetime(2017, 1, 3)
    assert not (staged_project.inbox / "left over").exists()


def test_the_year_ends(staged_project: Project) -> None:
    demo = begun(staged_project, date(2017, 12, 30))
    demo.next_days(10)
    assert demo.clock.now() == datetime(2018, 1, 1, 5)
    with pytest.raises(CdpError, match="real year has ended"):
        demo.next_days()


def test_there_is_no_next_day_before_the_first(demo_project: Project) -> None:
    with pytest.raises(ConfigurationError, match="cdp demo init"):
        DemoYear(demo_project).next_days()


@pytest.mark.parametrize("until", [date(2017, 1, 1), date(2018, 1, 2)])
def test_a_day_outside_the_year_is_refused(demo_project: Project, until: date) -> None:
    with pytest.raises(ConfigurationError, match="2017-01-01"):
        DemoYear(demo_project).begin(SMALL, until)
    assert not demo_project.inbox.exists()


def test_the_systems_clock_cannot_be_moved(tmp_path: Path) -> None:
    (tmp_path / "cdp.yml").write_text("name: demo\nclock: {kind: system}\n")
    with pytest.raises(ConfigurationError, match="clock"):
        DemoYear(Project.load(tmp_path))


def test_a_resampled_world_has_as_many_persons_and_events_as_asked(tmp_path: Path) -> None:
    places = built(tmp_path, WorldSpec(customers=1_000, events_per_customer=30))
    persons = json.loads((places.world / "manifest.json").read_text())["persons"]
    with duckdb.connect() as engine:
        [(events,)] = engine.execute(f"select count(*) from '{places.world}/web/*.parquet'").fetchall()
    assert 1_000 <= persons < 1_004
    assert events / persons == pytest.approx(30, rel=0.1)
