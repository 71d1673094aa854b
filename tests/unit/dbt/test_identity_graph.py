"""The graph solved from the change is the graph solved from nothing, and both are what the definition says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random

import duckdb
import psycopg2
import pytest
from sqlglot import exp

from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.identity_world import AS_OF, IDENTITY, Link, World, change, expected, shows
from tests.doubles.macros import Macros, Relation, Rows

MACROS = sorted((REPOSITORY / "dbt_project" / "macros" / "identity").rglob("*.sql"))


class Killed(Exception):  # noqa: N818 - nothing went wrong but the end of it all
    """The process is gone."""


@dataclass(frozen=True)
class Engine:
    dialect: str
    run: Callable[[str], Rows]


@contextmanager
def embedded() -> Iterator[Engine]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield Engine("duckdb", lambda sql: connection.execute(sql).fetchall())


@pytest.fixture
def server(postgres_database: str) -> Iterator[Engine]:
    with closing(psycopg2.connect(postgres_database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def run(sql: str) -> Rows:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

        yield Engine("postgres", run)


class Graph:
    """The macros over one engine; `dies_at` is the number of statements that a run still gets to make."""

    dies_at: int | None

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.relation, self.today = engine, Relation(name), AS_OF
        self.macros = Macros(
            MACROS,
            self._run,
            dialect=engine.dialect,
            var=lambda name: {"identity": IDENTITY}[name],
            as_of=lambda: f"timestamp '{self.today}'",
            add_days=lambda moment, days: f"({moment} + interval '{days} days')",
        )
        self.macros.context["graph_rules"] = lambda: "these"
        self.stands, self.dies_at = False, None

    def _run(self, sql: str) -> Rows:
        if self.dies_at is not None:
            self.dies_at -= 1
            if self.dies_at < 0:
                raise Killed
        return self.engine.run(sql)

    def take(self, links: list[Link], today: datetime) -> dict[int, int]:
        self.today = today
        self.engine.run("drop table if exists shown")
        self.engine.run(f"create temporary table shown ({', '.join(self.macros.evidence_columns())})")
        if links:
            rows = ", ".join(exp.convert(link.row()).sql(self.engine.dialect) for link in links)
            self.engine.run(f"insert into shown values {rows}")
        self.macros.solve_graph(self.macros.graph_tables(self.relation), "select * from shown", self.stands, 0)
        self.stands = True
        return dict(self._run(f"select node_id, component_id from {self.relation}"))

    def dump(self) -> dict[str, Rows]:
        names = ["evidence", "hubs", "cuts", *(f"tier_{number}" for number in range(len(IDENTITY["tiers"])))]
        return {name: sorted(self._run(f"select * from {self.relation}__{name}"), key=repr) for name in names}


def check_history(engine: Engine, seed: int, runs: int) -> None:
    random, world = Random(seed), World()
    size = random.choice([2, 5, 15])
    kept = Graph(engine, "kept")
    for run in range(runs):
        links = world.given(change(world, random, size))
        found = kept.take(links, world.today)
        assert found == expected(world), f"seed {seed}, run {run}"
        anew = Graph(engine, "anew")
        assert anew.take(world.given(set(world.records)), world.today) == found
        assert anew.dump() == kept.dump(), f"seed {seed}, run {run}"


def test_random_histories() -> None:
    for seed in range(4):
        with embedded() as engine:
            check_history(engine, seed, runs=4)


def test_random_histories_on_postgres(server: Engine) -> None:
    for seed in range(4):
        check_history(server, seed, runs=4)


@pytest.mark.proof
def test_many_random_histories() -> None:
    for seed in range(1_000, 1_200):
        with embedded() as engine:
            check_history(engine, seed, runs=8)


@pytest.mark.proof
def test_many_random_histories_on_postgres(server: Engine) -> None:
    for seed in range(2_000, 2_200):
        check_history(server, seed, runs=8)


def test_a_window_that_moves_joins_what_it_kept_apart_and_a_new_sighting_parts_it() -> None:
    """No customer shows three addresses in 25 days: 1 and 3 are a chain through 2, 4 and 5 meet at one of theirs."""
    world = World()
    shows(world, 1, "email a", "email b", "phone 1")
    shows(world, 2, "phone 1", "phone 2")
    shows(world, 3, "email c", "phone 2")
    shows(world, 4, "email d", "email e")
    shows(world, 5, "email d", "email f")
    with embedded() as engine:
        graph = Graph(engine, "kept")
        assert graph.take(world.given(set(world.records)), world.today) == {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}
        reasons = "select distinct suppression_reason from kept__{} where suppression_reason is not null"
        assert graph._run(reasons.format("cuts")) == [("would join too many of email within 25 days",)]
        assert graph._run(reasons.format("hubs")) == [("those it would join hold too many of email within 25 days",)]
        world.day = 26
        assert graph.take([], world.today) == {1: 1, 2: 1, 3: 1, 4: 4, 5: 4}
        assert graph.dump()["cuts"] == []
        shows(world, 1, "email a", "email b", "phone 1")
        assert graph.take(world.given({1}), world.today) == {1: 1, 2: 1, 3: 1, 4: 4, 5: 4}
        shows(world, 3, "email c", "phone 2")
        assert graph.take(world.given({3}), world.today) == {1: 1, 2: 2, 3: 3, 4: 4, 5: 4} == expected(world)


def test_it_is_said_that_a_steward_keeps_them_apart() -> None:
    """1 and 2 show the same telephone; 3 and 5 are a chain through 4."""
    world = World(pairs={("never_link", 1, 2), ("never_link", 3, 5)})
    shows(world, 1, "phone 1")
    shows(world, 2, "phone 1")
    shows(world, 3, "phone 2")
    shows(world, 4, "phone 2", "phone 3")
    shows(world, 5, "phone 3")
    with embedded() as engine:
        graph = Graph(engine, "kept")
        assert graph.take(world.given(set(world.records)), world.today) == {node: node for node in range(1, 6)}
        reasons = "select distinct suppression_reason from kept__{} where suppression_reason is not null"
        assert graph._run(reasons.format("hubs")) == [("a steward keeps apart those it would join",)]
        assert graph._run(reasons.format("cuts")) == [("would join what a steward keeps apart",)]


def killed_at(seed: int, statement: int) -> bool:
    """Kill the third run of a history before one of its statements, then run it again; whether it was killed at all."""
    random, world = Random(seed), World()
    with embedded() as engine:
        graph = Graph(engine, "kept")
        for _ in range(2):
            graph.take(world.given(change(world, random, 3)), world.today)
        before, links = graph.dump(), world.given(change(world, random, 3))
        graph.dies_at = statement
        engine.run("begin")
        try:
            graph.take(links, world.today)
            engine.run("commit")
            return False
        except Killed:
            engine.run("rollback")
        graph.dies_at = None
        assert graph.dump() == before
        assert graph.take(links, world.today) == expected(world)
        return True


def test_a_run_killed_between_two_statements_leaves_the_last_one_whole() -> None:
    assert all(killed_at(seed, Random(seed).randrange(100)) for seed in range(3))


@pytest.mark.proof
def test_a_run_killed_between_any_two_statements_leaves_the_last_one_whole() -> None:
    statement = 0
    while killed_at(0, statement):
        statement += 1
    assert statement > 100
