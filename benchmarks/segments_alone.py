"""One segment alone, counted: by its own query, and by polars, which has the same columns in memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import reduce
from operator import and_, or_
from typing import Any

import duckdb
import polars

from benchmarks.measures import Row
from benchmarks.segment_world import AS_OF, Tables, segments
from cdp.declarations.operands import hours
from cdp.declarations.rule import All, AnyOf, Condition, Duration, Not, Operator, Rule, leaves
from cdp.segments.canonical import canonical_query

ALONE = 10  # segments; the tenth of them has an exception, the first and the sixth have alternatives
_COMPARED: dict[Operator, Callable[[polars.Expr, Any], polars.Expr]] = {
    Operator.AT_LEAST: polars.Expr.ge,
    Operator.MORE_THAN: polars.Expr.gt,
    Operator.AT_MOST: polars.Expr.le,
    Operator.LESS_THAN: polars.Expr.lt,
    Operator.IS: polars.Expr.eq,
    Operator.IN: lambda column, values: column.is_in(list(values)),
    Operator.WITHIN_LAST: lambda column, span: column.is_between(_start_of(span), AS_OF),
    Operator.MORE_THAN_AGO: lambda column, span: column < _start_of(span),
}


def alone_row(connection: duckdb.DuckDBPyConnection, size: int, rounds: int) -> Row:
    """Contacts per second, the median of ten segments; both count, ours reads the table, polars the memory."""
    declared = segments(ALONE)
    ours, theirs = [], []
    for segment in declared.values():
        rule = segment.definition
        assert isinstance(rule, All)
        query = f"select count(*) from ({canonical_query(segment, declared, Tables()).sql(dialect='duckdb')})"
        columns = sorted({leaf.trait.name for leaf in leaves(rule) if isinstance(leaf, Condition)})
        table = connection.sql(f"select {', '.join(columns)} from dim_customer_traits").to_arrow_table()
        frame, filtered = polars.DataFrame(table).lazy(), _filter(rule)
        rates = _rates(
            lambda query=query: connection.execute(query).fetchall()[0][0],  # type: ignore[misc]
            lambda frame=frame, kept=filtered: frame.filter(kept).select(polars.len()).collect().item(),  # type: ignore[misc]
            size,
            rounds,
        )
        ours.append(rates[0])
        theirs.append(rates[1])
    rate, peer = statistics.median(ours), statistics.median(theirs)
    name = f"one segment alone (of {ALONE}: {min(ours):.0f} to {max(ours):.0f}; bar 90)"
    return Row(name, round(rate), "M contacts/s", "polars, in memory", round(peer), round(rate / peer, 2))


def _rates(ours: Callable[[], int], theirs: Callable[[], int], size: int, rounds: int) -> tuple[float, float]:
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        counts = []
        for place, step in enumerate((ours, theirs)):
            started = time.perf_counter()
            counts.append(step())
            seconds[place].append(time.perf_counter() - started)
        if counts[0] != counts[1]:
            raise AssertionError(f"the query and polars count different members: {counts}")
    return size / statistics.median(seconds[0]) / 1e6, size / statistics.median(seconds[1]) / 1e6


def _filter(rule: Rule) -> polars.Expr:
    """Every condition true or false: one on a missing value is false."""
    match rule:
        case All(rules):
            return reduce(and_, map(_filter, rules))
        case AnyOf(rules):
            return reduce(or_, map(_filter, rules))
        case Not(child):
            return ~_filter(child)
        case Condition(trait, operator, operand):
            return _COMPARED[operator](polars.col(trait.name), operand).fill_null(value=False)
        case _:
            raise AssertionError(f"no segment of this world asks {rule}")


def _start_of(span: Duration) -> Any:
    return AS_OF - timedelta(hours=hours(span))
