"""The bucket of a customer on an axis, as SQL: numbered from one, so that it is a place in an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from sqlglot import exp

from cdp.declarations.rule import Condition, Duration, Rule, Scalar, leaves
from cdp.declarations.traits import Trait
from cdp.segments.literals import scalar_literal
from cdp.segments.masks.axes import Asked, Axis, Cuts, Edge, Listed, Ordered, Windowed
from cdp.segments.predicates import AS_OF, CLOCK, start_of, trait_column


def bucket_number(axis: Axis, cuts: Cuts, predicate: Callable[[Rule], exp.Expr]) -> exp.Expr:
    """`predicate` gives the SQL of a rule that is evaluated as it stands."""
    match axis:
        case Asked(rule):
            return _case([(predicate(rule), _number(2))], _number(1))
        case Listed(trait):
            return _listed(trait_column(trait), cuts.of(axis))
        case Ordered(trait):
            return _tree(trait_column(trait), cuts.of(axis), lambda edge: scalar_literal(edge.value))
        case Windowed(trait):
            return _tree(trait_column(trait), cuts.of(axis), lambda edge: _hours_before(-edge.value))
        case _:
            assert_never(axis)


def asked_in(axis: Axis) -> list[Trait]:
    """The traits that the bucket is made of."""
    if isinstance(axis, Asked):
        return [leaf.trait for leaf in leaves(axis.rule) if isinstance(leaf, Condition)]
    return [axis.trait]


def _listed(column: exp.Expr, values: Sequence[Scalar]) -> exp.Expr:
    found = [(scalar_literal(value), _number(place)) for place, value in enumerate(values, start=1)]
    others = _unless_missing(column, len(values) + 1)
    return _case(found, others, of=column) if found else others


def _tree(column: exp.Expr, edges: Sequence[Edge], literal: Callable[[Edge], exp.Expr]) -> exp.Expr:
    """Bisects the edges. A missing value is below none of them, so only the last bucket has to ask for it."""

    def between(low: int, high: int) -> exp.Expr:
        if low == high:
            return _number(low + 1) if low < len(edges) else _unless_missing(column, low + 1)
        middle = (low + high) // 2
        comparison = exp.LTE if edges[middle].is_above else exp.LT
        is_below = comparison(this=column.copy(), expression=literal(edges[middle]))
        return _case([(is_below, between(low, middle))], between(middle + 1, high))

    return between(0, len(edges))


def _unless_missing(column: exp.Expr, number: int) -> exp.Expr:
    is_missing = exp.Is(this=column.copy(), expression=exp.null())
    return _case([(is_missing, _number(number + 1))], _number(number))


def _hours_before(hours: int) -> exp.Expr:
    as_of = exp.column(AS_OF, table=CLOCK)
    if hours == 0:
        return as_of
    return start_of(Duration(hours // 24, "day") if hours % 24 == 0 else Duration(hours, "hour"), as_of)


def _case(branches: list[tuple[exp.Expr, exp.Expr]], otherwise: exp.Expr, of: exp.Expr | None = None) -> exp.Case:
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(this=of, ifs=ifs, default=otherwise)


def _number(number: int) -> exp.Expr:
    return exp.Literal.number(number)
