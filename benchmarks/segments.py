"""How fast segments are answered: all in one pass beside a query each, sizes, one alone, and a day's changes."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pandas as pd
import psycopg2
import typer
from sqlglot import exp

from benchmarks.measures import Row, publish
from benchmarks.segment_world import Tables, contacts, distinct_conditions, segments
from benchmarks.segments_alone import alone_row
from cdp.declarations.segments import Segment
from cdp.segments.canonical import canonical_query
from cdp.segments.definitions import segment_definitions
from cdp.segments.masks import WORD_BITS, assign_bits, masks_query, word_column
from cdp.segments.masks.sizes import sizes_query
from tests.doubles.postgres import postgres_binaries, temporary_postgres

Step = Callable[[], object]
MASKS, SETTLED, DEFINITIONS = "int_segments__masks", "int_segments__settled_masks", "int_segments__definitions"
COLUMNS = [word_column(word) for word in (0, 1)]  # of a hundred segments


def main(
    size: Annotated[int, typer.Option(help="Contacts.")] = 10_000_000,
    rounds: Annotated[int, typer.Option(help="Interleaved runs of us and the peers; medians are shown.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here as well.")] = None,
) -> None:
    """Measure segments over contacts with thirty traits, some of them missing."""
    with tempfile.TemporaryDirectory(prefix="segments-") as folder:
        database = str(Path(folder) / "segments.duckdb")
        with duckdb.connect(database, config={"threads": 2, "memory_limit": "6GB"}) as connection:
            connection.execute(f"create table dim_customer_traits as {contacts(size)}")
            rows = [
                *_masks_rows(connection, segments(1_000), 1, bar=0.25),
                *_masks_rows(connection, segments(100), rounds, bar=0.5),
                alone_row(connection, size, rounds),
                *_difference_rows(connection, Path(folder), size, rounds),
            ]
    publish(f"segments, {size:,} contacts", rows, json_file)


def _masks_rows(
    connection: duckdb.DuckDBPyConnection, declared: Mapping[str, Segment], rounds: int, bar: float
) -> list[Row]:
    masks = _sql(masks_query(declared, Tables()))
    queries = {name: _sql(canonical_query(segment, declared, Tables())) for name, segment in declared.items()}
    words = 1 + assign_bits(declared)[-1].word
    sizes = f"create or replace table sizes as {_sql(sizes_query(words, Tables()))}"
    connection.execute(f"create or replace table {DEFINITIONS} as {_sql(segment_definitions(declared))}")

    def one_by_one() -> None:
        connection.execute("create or replace table members (segment_name varchar, customer_id bigint)")
        for name, query in queries.items():
            connection.execute(f"insert into members select '{name}', customer_id from ({query})")

    seconds = _medians(
        {
            "masks": lambda: connection.execute(f"create or replace table {MASKS} as {masks}"),
            "sizes": lambda: connection.execute(sizes),
            "one by one": one_by_one,
        },
        rounds,
    )
    _check_sizes(connection)
    name = f"{len(declared):,} segments, {distinct_conditions(declared.values())} conditions"
    peer = seconds["one by one"]
    return [
        _row(f"{name}: memberships written", seconds["masks"], f"a query each (bar {bar:g})", peer),
        _row(f"{name}: sizes", seconds["sizes"], "bar at 10M, 100 segments", 1.2),
    ]


def _check_sizes(connection: duckdb.DuckDBPyConnection) -> None:
    counted = "select segment_name, count(*) as members from members group by all"
    different = connection.execute(
        f"select count(*) from (from sizes where members > 0 except ({counted})) union all "
        f"select count(*) from (({counted}) except from sizes)"
    ).fetchall()
    if different != [(0,), (0,)]:
        raise AssertionError(f"the masks and a query each find different members: {different}")


def _difference_rows(connection: duckdb.DuckDBPyConnection, folder: Path, size: int, rounds: int) -> list[Row]:
    """Who entered and who left since a build in which one customer in a hundred was in other segments, one per word."""
    bit = "cast(1 as bigint) << cast(hash(customer_id) % 38 as integer)"  # the second of the words has 38 segments
    words = ", ".join(
        f"case when customer_id % 100 = 0 then xor({column}, {bit}) else {column} end as {column}" for column in COLUMNS
    )
    connection.execute(f"create or replace table {SETTLED} as select customer_id, {words} from {MASKS}")
    frames = [connection.execute(f"from {table}").df() for table in (MASKS, SETTLED)]
    steps: dict[str, Step] = {
        "ours": lambda: connection.execute(f"create or replace table moves as {_difference()}"),
        "pandas": lambda: _pandas_difference(*frames),
    }
    if binaries := postgres_binaries():
        with temporary_postgres(binaries) as url, closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
            _copy(connection, cursor, folder)
            steps["PostgreSQL"] = lambda: cursor.execute(
                f"drop table if exists moves; create table moves as {_difference()}"
            )
            seconds = _medians(steps, rounds)
    else:
        seconds = _medians(steps, rounds)
    ours = seconds.pop("ours")
    name = f"entered and left, {size // 100:,} of {size:,} changed"
    return [_row(name, ours, "bar at 10M", 0.8), *(_row(name, ours, peer, theirs) for peer, theirs in seconds.items())]


def _difference() -> str:
    """The statement of a day's changes: words compared, and only those that differ taken apart."""
    differ = " or ".join(f"masks.{column} <> settled.{column}" for column in COLUMNS)
    words = ", ".join(f"masks.{column}, settled.{column} as was_{column}" for column in COLUMNS)
    taken_apart = " union all ".join(
        "select definitions.segment_name, changed.customer_id, "
        f"(changed.{column} & definitions.bit_value) <> 0 as is_in "
        f"from changed inner join {DEFINITIONS} as definitions on definitions.word = {word} "
        f"and (changed.{column} & definitions.bit_value) <> (changed.was_{column} & definitions.bit_value)"
        for word, column in enumerate(COLUMNS)
    )
    return (
        f"with changed as (select masks.customer_id, {words} from {MASKS} as masks "
        f"inner join {SETTLED} as settled on masks.customer_id = settled.customer_id where {differ}) {taken_apart}"
    )


def _pandas_difference(masks: pd.DataFrame, settled: pd.DataFrame) -> int:
    both = masks.merge(settled, on="customer_id", suffixes=("", "_was"))
    moves = 0
    for column in COLUMNS:
        changed = both[both[column] != both[f"{column}_was"]]
        flipped = (changed[column] ^ changed[f"{column}_was"]).to_numpy()
        for bit in range(WORD_BITS):
            moves += len(changed[(flipped >> bit) & 1 == 1])
    return moves


def _copy(connection: duckdb.DuckDBPyConnection, cursor: Any, folder: Path) -> None:
    """The three tables of the difference, into PostgreSQL."""
    words = ", ".join(f"{column} bigint" for column in COLUMNS)
    tables = {
        MASKS: f"customer_id bigint, {words}",
        SETTLED: f"customer_id bigint, {words}",
        DEFINITIONS: "segment_name varchar, word bigint, bit_value bigint",
    }
    for table, columns in tables.items():
        names = ", ".join(column.split()[0] for column in columns.split(", "))
        file = folder / f"{table}.csv"
        connection.execute(f"copy (select {names} from {table}) to '{file}' (header false)")
        cursor.execute(f"create table {table} ({columns})")
        with file.open(encoding="utf-8") as rows:
            cursor.copy_expert(f"copy {table} from stdin (format csv)", rows)
        cursor.execute(f"analyze {table}")
        file.unlink()


def _medians(steps: Mapping[str, Step], rounds: int) -> dict[str, float]:
    """Median seconds of each step, the steps in turn."""
    seconds = defaultdict[str, list[float]](list)
    for _ in range(rounds):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in seconds.items()}


def _row(name: str, seconds: float, peer: str, peer_seconds: float) -> Row:
    return Row(name, round(seconds, 2), "s", peer, round(peer_seconds, 2), round(seconds / peer_seconds, 2))


def _sql(query: exp.Query) -> str:
    return query.sql(dialect="duckdb")


if __name__ == "__main__":
    typer.run(main)
