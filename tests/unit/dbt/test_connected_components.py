"""The components that the macro solves are those that networkx finds, whatever the shape of the graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Protocol

import duckdb
import networkx as nx
import psycopg2
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extras import execute_values

from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.macros import Macros

MACRO = REPOSITORY / "dbt_project" / "macros" / "identity" / "connected_components.sql"
Edges = list[tuple[int, int]]


class Engine(Protocol):
    dialect: str

    def run(self, sql: str) -> list[tuple[Any, ...]]: ...

    def load(self, edges: Edges) -> None: ...


class DuckDB:
    dialect = "duckdb"

    def __init__(self) -> None:
        self.connection = duckdb.connect()

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def load(self, edges: Edges) -> None:
        table = pa.table(
            {"a": pa.array([a for a, _ in edges], pa.int64()), "b": pa.array([b for _, b in edges], pa.int64())}
        )
        self.connection.register("given", table)
        self.connection.execute("create or replace table edges as from given")

    def close(self) -> None:
        self.connection.close()


class Postgres:
    dialect = "postgres"

    def __init__(self, url: str) -> None:
        self.connection = psycopg2.connect(url)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def load(self, edges: Edges) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("drop table if exists edges; create table edges (a bigint, b bigint)")
            execute_values(cursor, "insert into edges values %s", edges, page_size=10_000)

    def close(self) -> None:
        self.connection.close()


@pytest.fixture(scope="module")
def duckdb_engine() -> Iterator[DuckDB]:
    engine = DuckDB()
    yield engine
    engine.close()


@pytest.fixture
def postgres_engine(postgres_database: str) -> Iterator[Postgres]:
    engine = Postgres(postgres_database)
    yield engine
    engine.close()


def solve(engine: Engine, edges: Edges) -> tuple[dict[int, int], int]:
    """The smallest node of each node's component, and how many rounds it took; the macros are the project's own."""
    engine.load(edges)
    rounds: set[str] = set()

    def run(sql: str) -> list[tuple[Any, ...]]:
        rounds.update(re.findall(r"temporary table c_picks_(\d+)", sql))
        return engine.run(sql)

    answer = Macros([MACRO], run, dialect=engine.dialect).solve_components("select a, b from edges", "c")
    return dict(engine.run(f"select node_id, min(node_id) over (partition by component_id) from {answer}")), len(rounds)


def expected(edges: Edges) -> dict[int, int]:
    components = nx.connected_components(nx.Graph(edges))
    return {node: min(component) for component in components for node in component}


def shuffled(count: int) -> list[int]:
    """The numbers from 0 to `count`, in an order that no chain would have."""
    return [(number * 48_271) % 2_147_483_647 for number in range(1, count + 1)]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(edges=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=1, max_size=40))
def test_any_graph(duckdb_engine: DuckDB, edges: Edges) -> None:
    edges = [edge for edge in edges if edge[0] != edge[1]] or [(1, 2)]
    assert solve(duckdb_engine, edges)[0] == expected(edges)


@pytest.mark.parametrize("highest", [10, 1_000, 2_147_483_647])
def test_random_graphs_up_to_the_largest_number(duckdb_engine: DuckDB, highest: int) -> None:
    graph = nx.gnm_random_graph(400, 380, seed=highest)
    edges = [(a * highest // 400, b * highest // 400) for a, b in graph.edges]
    edges = [edge for edge in edges if edge[0] != edge[1]]
    assert solve(duckdb_engine, edges)[0] == expected(edges)


@pytest.mark.parametrize("numbered", ["in order", "anyhow"])
def test_a_chain_of_100_000_links_takes_few_rounds(duckdb_engine: DuckDB, numbered: str) -> None:
    nodes = shuffled(100_001) if numbered == "anyhow" else list(range(100_001))
    components, rounds = solve(duckdb_engine, list(pairwise(nodes)))
    assert len(components) == 100_001
    assert set(components.values()) == {min(nodes)}
    assert rounds <= 40


@pytest.mark.parametrize("centre", [0, 100_000])
def test_a_star_of_100_000_points_takes_few_rounds(duckdb_engine: DuckDB, centre: int) -> None:
    components, rounds = solve(duckdb_engine, [(centre, point) for point in range(100_001) if point != centre])
    assert len(components) == 100_001
    assert set(components.values()) == {0}
    assert rounds <= 10


def test_loops_and_repeated_edges_change_nothing(duckdb_engine: DuckDB) -> None:
    edges = [(3, 3), (1, 2), (2, 1), (1, 2), (7, 5), (5, 5)]
    assert solve(duckdb_engine, edges)[0] == {1: 1, 2: 1, 3: 3, 5: 5, 7: 5}


def test_postgres_agrees(postgres_engine: Postgres) -> None:
    for seed in range(5):
        edges = list(nx.gnm_random_graph(300, 260, seed=seed).edges)
        assert solve(postgres_engine, edges)[0] == expected(edges)
    nodes = shuffled(5_001)
    components, _ = solve(postgres_engine, list(pairwise(nodes)))
    assert set(components.values()) == {min(nodes)}
