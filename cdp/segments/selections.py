"""Which events a fact is about, as SQL over one row of the timeline; and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from cdp.declarations.computed import Aggregate, EventFact, Happening, Window
from cdp.declarations.events import EVENT_TYPE, OCCURRED_AT
from cdp.declarations.rule import Duration
from cdp.declarations.traits import Kind
from cdp.segments.literals import text_literal
from cdp.segments.predicates import compare, start_of

EVENTS = "events"
FLOAT = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind="float8")  # the one name that every engine has for it
# Where a span starts: as many hours before `as_of`, or at a midnight that differs from zone to zone.
Start = Callable[[Duration], exp.Expr]


def happens(happening: Happening, as_of: exp.Expr, table: str = EVENTS) -> exp.Expr:
    """The event is of the type, and its columns compare as asked."""
    is_type = exp.EQ(this=exp.column(EVENT_TYPE, table=table), expression=text_literal(happening.event))
    held = [compare(each, exp.column(each.trait.name, table=table), as_of.copy()) for each in happening.where]
    return exp.and_(is_type, *held, copy=False)


def in_window(window: Window, moment: exp.Expr, start: Start) -> list[exp.Expr]:
    """The bounds that the window sets beside `as_of` itself."""
    bounds: list[exp.Expr] = []
    if window.within:
        bounds.append(exp.GTE(this=moment.copy(), expression=start(window.within)))
    if window.ago:
        bounds.append(exp.LT(this=moment.copy(), expression=start(window.ago)))
    return bounds


def moment_of(table: str = EVENTS) -> exp.Column:
    return exp.column(OCCURRED_AT, table=table)


def value_of(fact: EventFact, when: exp.Expr | None, as_of: exp.Expr) -> exp.Expr:
    """The fact's value over a group of events: of those where `when` is true, or of all."""

    def counted(column: exp.Expr) -> exp.Expr:
        return column if when is None else exp.Case(ifs=[exp.If(this=when.copy(), true=column)])

    of = exp.column(fact.of.name, table=EVENTS) if fact.of else moment_of()
    value = _AGGREGATES[fact.aggregate](counted, of)
    if fact.aggregate is Aggregate.SUM and fact.kind is Kind.WHOLE:
        value = exp.cast(value, "bigint")
    if fact.expires_after is None:
        return value
    is_fresh = exp.GTE(this=exp.Max(this=counted(moment_of())), expression=start_of(fact.expires_after, as_of.copy()))
    return exp.Case(ifs=[exp.If(this=is_fresh, true=value)])


def _average(counted: Any, of: exp.Expr) -> exp.Expr:
    """Not `avg`, whose type differs from engine to engine."""
    total = exp.cast(exp.Sum(this=counted(of.copy())), FLOAT)
    return exp.Div(this=total, expression=exp.func("nullif", exp.Count(this=counted(of.copy())), exp.Literal.number(0)))


_AGGREGATES: dict[Aggregate, Callable[[Any, exp.Expr], exp.Expr]] = {
    Aggregate.COUNT: lambda counted, _: exp.Count(this=counted(exp.Literal.number(1))),
    Aggregate.FIRST: lambda counted, of: exp.Min(this=counted(of)),
    Aggregate.LAST: lambda counted, of: exp.Max(this=counted(of)),
    Aggregate.SUM: lambda counted, of: exp.Sum(this=counted(of)),
    Aggregate.AVG: _average,
    Aggregate.MAX: lambda counted, of: exp.Max(this=counted(of)),
    Aggregate.MIN: lambda counted, of: exp.Min(this=counted(of)),
}
