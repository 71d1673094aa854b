"""A rule as a boolean SQL expression over `traits` (one row per customer) and `clock` (one row, `as_of`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlglot import exp

from cdp.declarations.rule import All, AnyOf, Condition, Duration, Leaf, Membership, Not, Operator, Rule
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY, TRAITS_MODEL, Trait
from cdp.segments.literals import interval, scalar_literal
from cdp.segments.source import Source

TRAITS, CLOCK, AS_OF = "traits", "clock", "as_of"


def written_out(rule: Rule, segments: Mapping[str, Segment]) -> Rule:
    """The rule with every reference to another rule replaced by that rule; memberships of models stay."""
    match rule:
        case All(rules):
            return All(tuple(written_out(child, segments) for child in rules))
        case AnyOf(rules):
            return AnyOf(tuple(written_out(child, segments) for child in rules))
        case Not(child):
            return Not(written_out(child, segments))
        case Membership(segment):
            definition = segments[segment].definition
            return rule if isinstance(definition, ModelReference) else written_out(definition, segments)
        case Condition():
            return rule


def combine(rule: Rule, leaf: Callable[[Leaf], exp.Expr]) -> exp.Expr:
    """The rule's connectives over whatever `leaf` makes of its leaves."""
    match rule:
        case All(rules):
            return exp.and_(*(combine(child, leaf) for child in rules), copy=False)
        case AnyOf(rules):
            return exp.or_(*(combine(child, leaf) for child in rules), copy=False)
        case Not(child):
            return exp.not_(combine(child, leaf), copy=False)
        case Condition() | Membership():
            return leaf(rule)


class LeafSql:
    """Each leaf as an expression that is true or false, never null: the column of a condition is compared."""

    def __init__(self, segments: Mapping[str, Segment], source: Source) -> None:
        self._segments, self._source = segments, source

    def __call__(self, leaf: Leaf) -> exp.Expr:
        if isinstance(leaf, Membership):
            return self._member_of(leaf)
        return compare(leaf, trait_column(leaf.trait), exp.column(AS_OF, table=CLOCK))

    def _member_of(self, leaf: Membership) -> exp.Expr:
        definition = self._segments[leaf.segment].definition
        assert isinstance(definition, ModelReference), "references to rules are written out first"
        # A null among the members would make `in` null for everybody else.
        members = (
            exp.select(CUSTOMER_KEY)
            .from_(self._source.relation(definition.model))
            .where(exp.not_(exp.Is(this=exp.column(CUSTOMER_KEY), expression=exp.null())))
        )
        return exp.In(this=exp.column(CUSTOMER_KEY, table=TRAITS), query=members.subquery())


def compare(condition: Condition, value: exp.Expr, as_of: exp.Expr) -> exp.Expr:
    """What `condition` asks of `value`, true or false: a null meets nothing but `known: false`."""
    if condition.operator is Operator.KNOWN:
        missing = exp.Is(this=value, expression=exp.null())
        return exp.not_(missing, copy=False) if condition.operand else missing
    comparison = _COMPARISONS[condition.operator](value, condition.operand, as_of)
    return exp.Coalesce(this=comparison, expressions=[exp.false()])


def filtering(predicate: exp.Expr) -> exp.Expr:
    """The same as a filter, which leaves out what is null like what is false: they differ only below `not`."""
    match predicate:
        case exp.Coalesce(this=exp.Expr() as comparison, expressions=[exp.Boolean()]):
            return comparison
        case exp.And() | exp.Or():
            predicate.set("this", filtering(predicate.this))
            predicate.set("expression", filtering(predicate.expression))
        case exp.Paren():
            predicate.set("this", filtering(predicate.this))
    return predicate


def customers(source: Source, table: exp.Table | None = None, *, beside: Iterable[str] = ()) -> exp.Select:
    """`select` of nothing yet, from one row per customer (`table`, else the trait model) beside the clock.

    `beside` are further models of a row per customer or none, each under its own name.
    """
    clock = exp.select(exp.alias_(source.as_of(), AS_OF)).subquery(CLOCK)
    traits = exp.alias_(table or source.relation(TRAITS_MODEL), TRAITS, table=True)
    query = exp.select().from_(traits)
    for model in beside:
        same = exp.EQ(this=exp.column(CUSTOMER_KEY, table=TRAITS), expression=exp.column(CUSTOMER_KEY, table=model))
        query = query.join(exp.alias_(source.relation(model), model, table=True), on=same, join_type="left")
    return query.join(clock, join_type="cross")


def trait_column(trait: Trait) -> exp.Column:
    """The column under the name that `customers` gives its relation."""
    return exp.column(trait.name, table=TRAITS if trait.model == TRAITS_MODEL else trait.model)


def start_of(duration: Duration, as_of: exp.Expr) -> exp.Expr:
    return exp.Sub(this=as_of, expression=interval(duration))


def _compared(node: type[exp.Binary]) -> Callable[[exp.Expr, Any, exp.Expr], exp.Expr]:
    return lambda column, value, _: node(this=column, expression=scalar_literal(value))


def _in(column: exp.Expr, values: Any, _: exp.Expr) -> exp.Expr:
    return exp.In(this=column, expressions=[scalar_literal(value) for value in values])


def _not_in(column: exp.Expr, values: Any, as_of: exp.Expr) -> exp.Expr:
    return exp.not_(_in(column, values, as_of), copy=False)


def _between(column: exp.Expr, bounds: Any, _: exp.Expr) -> exp.Expr:
    low, high = map(scalar_literal, bounds)
    return exp.Between(this=column, low=low, high=high)


def _within_last(column: exp.Expr, duration: Any, as_of: exp.Expr) -> exp.Expr:
    return exp.Between(this=column, low=start_of(duration, as_of), high=as_of.copy())


def _more_than_ago(column: exp.Expr, duration: Any, as_of: exp.Expr) -> exp.Expr:
    return exp.LT(this=column, expression=start_of(duration, as_of))


_COMPARISONS: dict[Operator, Callable[[exp.Expr, Any, exp.Expr], exp.Expr]] = {
    Operator.IS: _compared(exp.EQ),
    Operator.IS_NOT: _compared(exp.NEQ),
    Operator.IN: _in,
    Operator.NOT_IN: _not_in,
    Operator.AT_LEAST: _compared(exp.GTE),
    Operator.AT_MOST: _compared(exp.LTE),
    Operator.MORE_THAN: _compared(exp.GT),
    Operator.LESS_THAN: _compared(exp.LT),
    Operator.BETWEEN: _between,
    Operator.WITHIN_LAST: _within_last,
    Operator.MORE_THAN_AGO: _more_than_ago,
}
