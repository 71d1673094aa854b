"""One fact of one kind as a query of its own over the timeline, in the way a reviewer reads it."""

from __future__ import annotations

from sqlglot import exp

from cdp.declarations.computed import EventFact, Sequel
from cdp.declarations.events import EVENTS_MODEL
from cdp.declarations.rule import Duration
from cdp.declarations.traits import CUSTOMER_KEY, TIME_ZONE, TRAITS_MODEL
from cdp.segments.predicates import start_of
from cdp.segments.selections import EVENTS, Start, happens, in_window, moment_of, value_of
from cdp.segments.source import Source

HOMES, LATER = "homes", "later"
OWNER, ZONE = exp.column(CUSTOMER_KEY, table=EVENTS), exp.column(TIME_ZONE, table=HOMES)


def fact_query(fact: EventFact, source: Source, *, with_zone: bool = False) -> exp.Select:
    """`from … where … group by` of the events that `fact` is about, by customer; nothing is selected yet.

    `with_zone` also joins (and groups by) the customer's time zone, as a window of calendar days does anyway.
    """
    selection, as_of = fact.selection, source.as_of()
    bounds = [
        happens(selection.happening, as_of),
        exp.LTE(this=moment_of(), expression=as_of.copy()),
        *in_window(selection.window, moment_of(), start_in(source, ZONE, as_of)),
    ]
    if selection.sequel:
        bounds += _followed(selection.sequel, source)
    query = exp.select().from_(_timeline(source, EVENTS)).where(*bounds, copy=False).group_by(OWNER.copy())
    if with_zone or selection.window.is_calendar:
        query = query.join(_homes(source), on=same_customer(HOMES, EVENTS)).group_by(ZONE.copy())
    return query


def fact_value(fact: EventFact, source: Source) -> exp.Expr:
    return value_of(fact, None, source.as_of())


def start_in(source: Source, zone: exp.Column, as_of: exp.Expr) -> Start:
    """Where spans start for somebody in `zone`: of calendar days, today is the first."""

    def start(span: Duration) -> exp.Expr:
        return source.local_midnight(zone, span.count - 1) if span.is_calendar else start_of(span, as_of.copy())

    return start


def _followed(sequel: Sequel, source: Source) -> list[exp.Expr]:
    as_of, moment = source.as_of(), moment_of(LATER)
    until = exp.Add(this=moment_of(), expression=start_of(sequel.within, as_of).expression)
    later = (
        exp.select(exp.Literal.number(1))
        .from_(_timeline(source, LATER))
        .where(
            same_customer(LATER, EVENTS),
            happens(sequel.happening, as_of, LATER),
            exp.GT(this=moment, expression=moment_of()),
            exp.LTE(this=moment.copy(), expression=until),
            exp.LTE(this=moment.copy(), expression=as_of.copy()),
        )
    )
    follows = exp.Exists(this=later)
    if sequel.is_wanted:
        return [follows]
    return [is_over(sequel, as_of), exp.not_(follows, copy=False)]


def is_over(sequel: Sequel, as_of: exp.Expr) -> exp.Expr:
    """Nothing can follow in time any more."""
    return exp.LTE(this=moment_of(), expression=start_of(sequel.within, as_of.copy()))


def _timeline(source: Source, name: str) -> exp.Expr:
    return exp.alias_(source.relation(EVENTS_MODEL), name, table=True)


def _homes(source: Source) -> exp.Expr:
    return exp.alias_(source.relation(TRAITS_MODEL), HOMES, table=True)


def same_customer(left: str, right: str) -> exp.Expr:
    return exp.EQ(this=exp.column(CUSTOMER_KEY, table=left), expression=exp.column(CUSTOMER_KEY, table=right))
