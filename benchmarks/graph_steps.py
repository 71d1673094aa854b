"""One step of the identity benchmark, in a process whose memory is its own; prints what it measured as JSON."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import duckdb
import typer

from tests.doubles.macros import Macros, Relation

MACROS = sorted((Path(__file__).parents[1] / "dbt_project" / "macros" / "identity").rglob("*.sql"))
ONE_RULE: dict[str, Any] = {"identifiers": {"key": {}}, "tiers": [{"rules": [{"name": "key", "identifier": "key"}]}]}
PAIRS = """
select 'record-' || a as key_a, 'record-' || b as key_b
from (
    select
        case when i % 10 in (7, 8) then i % nodes else h % nodes end as a,
        case
            when i % 10 < 7 then h % nodes - h % nodes % 8 + h // nodes % 8
            when i % 10 < 9 then i % nodes - i % nodes % 997 + (i % nodes % 997 + 1) % 997
            else h // nodes % (nodes // 5000 + 1)
        end as b
    from (select i, {edges} * 4 // 5 as nodes, hash(i) // 4 as h from range({edges}) as r (i)) as drawn
) as pairs
"""
EVIDENCE = """
select
    node as node_id, {tier} as tier, '{rule}' as rule, {hub} as hub, false as is_pairwise, false as is_named,
    'key' as identifier_type, {hub} as identifier_value, cast(1 as double) as confidence, 'bench' as source_name,
    timestamp '2024-01-01' as first_seen_at, timestamp '2024-01-01' as last_seen_at,
    cast(1 as bigint) as times_observed, cast(null as varchar) as suppression_reason
from (
    select node, {place} as place
    from (
        select {start} + i as node, cast(hash(i + {start}) // 4 as bigint) as h
        from range({records}) as r (i)
    ) as counted
) as drawn
"""
app = typer.Typer()


@app.command()
def generate(edges: int, file: Path) -> None:
    """Pairs of text keys: seven in ten in people of up to eight records, two in chains of a thousand, one in hubs."""
    duckdb.execute(f"copy ({PAIRS.format(edges=edges)}) to '{file}' (format parquet)")


@app.command()
def components(file: Path) -> None:
    """Ours: read, distinct, number the keys, solve."""
    with _engine(":memory:", spill=file.parent) as connection:
        started = time.perf_counter()
        connection.execute(
            f"""
            create temp table pairs as select distinct key_a, key_b from '{file}';
            create temp table keys as
            select key, row_number() over () as node_id
            from (select key_a as key from pairs union select key_b as key from pairs);
            create temp table numbered as
            select a.node_id as a, b.node_id as b
            from pairs inner join keys as a on pairs.key_a = a.key inner join keys as b on pairs.key_b = b.key
            where a.node_id <> b.node_id;
            """
        )
        solved = _macros(connection).solve_components("select a, b from numbered", "bench")
        connection.execute(
            "create table answer as select keys.key, coalesce(solved.component_id, keys.node_id) as component_id "
            f"from keys left join {solved} as solved on keys.node_id = solved.node_id"
        )
        seconds = time.perf_counter() - started
        _report(seconds=seconds, components=_count(connection, "answer"))


@app.command()
def scipy(file: Path) -> None:
    """The peer: the same with pandas and scipy."""
    import numpy as np
    import pandas as pd
    from scipy.sparse import coo_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    started = time.perf_counter()
    pairs = pd.read_parquet(file).drop_duplicates()
    codes, keys = pd.factorize(np.concatenate([pairs["key_a"], pairs["key_b"]]))
    a, b = codes[: len(pairs)], codes[len(pairs) :]
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(keys), len(keys)))
    count, labels = connected_components(graph, directed=False)
    pd.DataFrame({"key": keys, "component": labels})
    _report(seconds=time.perf_counter() - started, components=count)


@app.command()
def splink(file: Path) -> None:
    """The other peer: Splink's own clustering of the same pairs."""
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    with _engine(":memory:", spill=file.parent) as connection:
        started = time.perf_counter()
        connection.execute(
            f"""
            create table edges as select distinct key_a, key_b, 1.0 as match_probability from '{file}';
            create table nodes as select key_a as key from edges union select key_b as key from edges;
            """
        )
        clusters = cluster_pairwise_predictions_at_threshold(
            "nodes",
            "edges",
            DuckDBAPI(connection),
            node_id_column_name="key",
            edge_id_column_name_left="key_a",
            edge_id_column_name_right="key_b",
            threshold_match_probability=0.5,
        )
        seconds = time.perf_counter() - started
        _report(seconds=seconds, components=_count(connection, clusters.physical_name, "cluster_id"))


@app.command()
def graph(links: int, file: Path) -> None:
    """The kept graph: all links at first, then a hundredth and a tenth on top, then a thousand taken back."""
    with _engine(str(file), spill=file.parent) as connection:
        connection.execute(f"create table links as {_links(0, links, links)}")
        at_first = _take(connection, "select * from links", stands=False)
        hundredth = _take(connection, _links(links, links // 100, links), stands=True)
        tenth = _take(connection, _links(2 * links, links // 10, links), stands=True)
        connection.execute(
            "create table silent as select node_id from links where rule = 'record' order by hash(node_id) limit 500"
        )
        silent = "select * from links where rule = 'record' and node_id in (select node_id from silent)"
        taken_back = _take(connection, silent, stands=True)
        components = _count(connection, "bench")
        _report(at_first=at_first, hundredth=hundredth, tenth=tenth, taken_back=taken_back, components=components)


def _links(start: int, links: int, size: int) -> str:
    """`links` links of new records, numbered from `start`, half of the later ones to people who are there.

    People have fifteen records: three share one key, five another.
    """
    place = "node" if start == 0 else f"case when h % 2 = 0 then node else h // 2 % {size // 2} end"
    shown = {"key-a": "'key-a-' || (place // 3)", "key-b": "'key-b-' || (place // 5)", "record": "''"}
    return " union all ".join(
        EVIDENCE.format(
            tier=int(kind != "record"),
            rule="record" if kind == "record" else "key",
            hub=hub,
            place=place,
            start=start,
            records=links // 2,
        )
        for kind, hub in shown.items()
    )


def _take(connection: duckdb.DuckDBPyConnection, sql: str, *, stands: bool) -> float:
    macros = _macros(connection)
    started = time.perf_counter()
    connection.execute("begin")
    macros.solve_graph(macros.graph_tables(Relation("bench")), sql, stands, 0)
    connection.execute("commit")
    return time.perf_counter() - started


def _engine(database: str, spill: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        database, config={"memory_limit": "5GB", "threads": 2, "temp_directory": str(spill / "spill")}
    )


def _macros(connection: duckdb.DuckDBPyConnection) -> Macros:
    macros = Macros(
        MACROS, lambda sql: connection.execute(sql).fetchall(), var=lambda name: {"identity": ONE_RULE}[name]
    )
    macros.context["graph_rules"] = lambda: "benchmark"
    return macros


def _count(connection: duckdb.DuckDBPyConnection, table: str, column: str = "component_id") -> int:
    ((count,),) = connection.execute(f"select count(distinct {column}) from {table}").fetchall()
    return int(count)


def _report(**measured: float) -> None:
    print(json.dumps(measured))


if __name__ == "__main__":
    app()
