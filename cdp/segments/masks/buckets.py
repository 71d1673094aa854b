"""The bucket of a customer on an axis, as SQL: numbered from one, so that it is a place in an array."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from sqlglot import exp

from cdp.declarations.rule import Condition, Duration, Rule, Scalar, leaves
from cdp.declarations.traits import Kind, Trait
from cdp.segments.literals import scalar_literal
from cdp.segments.masks.axes import Asked, Axis, Cuts, Edge, Listed, Ordered, Windowed
from cdp.segments.predicates import AS_OF, CLOCK, start_of, trait_column

_FEWEST_EDGES, _PLACES_PER_EDGE = 4, 16


def bucket_number(axis: Axis, cuts: Cuts, predicate: Callable[[Rule], exp.Expr]) -> exp.Expr:
    """`predicate` gives the SQL of a rule that is evaluated as it stands."""
    match axis:
        case Asked(rule):
            return _case([(predicate(rule), _number(2))], _number(1))
        case Listed(trait):
            return _listed(trait_column(trait), cuts.of(axis))
        case Ordered(Trait(kind=Kind.WHOLE) as trait) if _is_dense(cuts.of(axis)):
            return _looked_up(trait_column(trait), cuts.of(axis))
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


def array(elements: Iterable[str]) -> exp.Expr:
    """`ARRAY[…]` of what is SQL already, the spelling that engines share."""
    return exp.var(f"ARRAY[{', '.join(elements)}]")


def _listed(column: exp.Expr, values: Sequence[Scalar]) -> exp.Expr:
    others = _unless_missing(column, len(values) + 1)
    if not values:
        return others
    if any(isinstance(value, bool) for value in values):
        found = [(scalar_literal(value), _number(place)) for place, value in enumerate(values, start=1)]
        return _case(found, others, of=column)
    # Of nodes, not of text: only the printer knows how to keep a line break within a value.
    listed = exp.Bracket(this=exp.var("ARRAY"), expressions=[scalar_literal(value) for value in values])
    return exp.Coalesce(this=exp.Anonymous(this="array_position", expressions=[listed, column]), expressions=[others])


def _is_dense(edges: Sequence[Edge]) -> bool:
    """Whether a place for each whole number between the edges is no more than a tree of comparisons is worth."""
    return len(edges) >= _FEWEST_EDGES and edges[-1].value - edges[0].value <= _PLACES_PER_EDGE * len(edges)


def _looked_up(column: exp.Expr, edges: Sequence[Edge]) -> exp.Expr:
    """The bucket of a whole number, found at its place: one look-up, however many edges."""
    low, high = edges[0].value, edges[-1].value
    least = [edge.value + edge.is_above for edge in edges]  # that lies above the edge
    buckets = array(str(1 + bisect_right(least, value)) for value in range(low, high + 1))
    place = (
        exp.Add(this=column.copy(), expression=_number(1 - low))
        if low <= 0
        else exp.Sub(this=column.copy(), expression=_number(low - 1))
    )
    inside = exp.Between(this=column.copy(), low=scalar_literal(low), high=scalar_literal(high))
    found = exp.Bracket(this=exp.paren(buckets, copy=False), expressions=[place])
    is_below = exp.LT(this=column.copy(), expression=scalar_literal(low))
    return _case([(inside, found), (is_below, _number(1))], _unless_missing(column, len(edges) + 1))


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
