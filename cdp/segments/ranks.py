"""What segments ask of a customer beside the others or the calendar: ranks, buckets, days in the own time zone."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from cdp.declarations.computed import (
    EVENT_FACTS_MODEL,
    SAMPLE_BUCKETS,
    Aggregate,
    CalendarCheck,
    EventFact,
    SampleBucket,
    TopRank,
    Window,
)
from cdp.declarations.rule import Duration
from cdp.declarations.traits import CUSTOMER_KEY, TIME_ZONE, Trait
from cdp.segments.literals import typed
from cdp.segments.predicates import AS_OF, CLOCK, TRAITS, customers, start_of, trait_column
from cdp.segments.selections import Start, in_window
from cdp.segments.source import Source

ZONES = "zones"
Asked = TopRank | SampleBucket | CalendarCheck


def ranks_query(asked: Iterable[Asked], source: Source) -> exp.Select:
    """One row per customer, a column for each of `asked`."""
    columns = sorted(set(asked), key=lambda each: each.name)
    read = {each.by if isinstance(each, TopRank) else each.of for each in columns if not isinstance(each, SampleBucket)}
    beside = [EVENT_FACTS_MODEL] if any(trait.model == EVENT_FACTS_MODEL for trait in read) else []
    query = customers(source, beside=beside).select(exp.column(CUSTOMER_KEY, table=TRAITS))
    spans = [span for each in columns if isinstance(each, CalendarCheck) for span in calendar_spans(each.window)]
    if spans:
        same = exp.EQ(this=exp.column(TIME_ZONE, table=TRAITS), expression=exp.column(TIME_ZONE, table=ZONES))
        query = query.join(zones(spans, source).subquery(ZONES), on=same, join_type="left")
    return query.select(*(_column(each, source) for each in columns))


def zones(spans: Iterable[Duration], source: Source) -> exp.Select:
    """One row per time zone that a customer lives in: where each span of calendar days starts there."""
    zone = exp.column(TIME_ZONE, table=TRAITS)
    distinct = customers(source).select(zone).distinct().subquery(TRAITS)
    starts = [
        exp.alias_(source.local_midnight(zone, span.count - 1), _start_column(span), copy=False)
        for span in sorted(set(spans), key=lambda span: span.count)
    ]
    return exp.select(zone, *starts).from_(distinct)


def zone_start(span: Duration) -> exp.Expr:
    return exp.column(_start_column(span), table=ZONES)


def in_own_days(window: Window, moment: exp.Expr, as_of: exp.Expr, start: Start) -> exp.Expr:
    """The moment lies in the window, true or false."""
    bounds = [exp.LTE(this=moment.copy(), expression=as_of.copy()), *in_window(window, moment, start)]
    return exp.Coalesce(this=exp.paren(exp.and_(*bounds, copy=False)), expressions=[exp.false()])


def position(value: exp.Expr, key: exp.Expr) -> exp.Expr:
    """1 for the highest value; ties go to the older customer, a missing value comes last."""
    missing = exp.Case(ifs=[exp.If(this=exp.Is(this=value.copy(), expression=exp.null()), true=exp.Literal.number(1))])
    # Engines differ in where nulls go, and the printer leaves out what it takes for the default.
    keys = (exp.Ordered(this=missing.else_(exp.Literal.number(0))), exp.Ordered(this=value.copy(), desc=True))
    order = exp.Order(expressions=[*keys, exp.Ordered(this=key.copy(), nulls_first=True)])
    return exp.Window(this=exp.RowNumber(), order=order)


def _column(asked: Asked, source: Source) -> exp.Expr:
    match asked:
        case TopRank(by=by):
            return typed(_rank(by), "bigint", asked.name)
        case SampleBucket(salt=salt):
            bucket = source.hash_bucket(salt, exp.column(CUSTOMER_KEY, table=TRAITS), SAMPLE_BUCKETS)
            return typed(bucket, "bigint", asked.name)
        case CalendarCheck(of=of, window=window):
            holds = in_own_days(window, trait_column(of), exp.column(AS_OF, table=CLOCK), _start)
            return exp.alias_(holds, asked.name, copy=False)


def _rank(by: Trait) -> exp.Expr:
    value: exp.Expr = trait_column(by)
    if isinstance(by, EventFact) and by.aggregate is Aggregate.COUNT:
        value = exp.func("nullif", value, exp.Literal.number(0))
    known = exp.not_(exp.Is(this=value.copy(), expression=exp.null()), copy=False)
    return exp.Case(ifs=[exp.If(this=known, true=position(value, exp.column(CUSTOMER_KEY, table=TRAITS)))])


def calendar_spans(window: Window) -> list[Duration]:
    return [span for span in (window.within, window.ago) if span and span.is_calendar]


def _start(span: Duration) -> exp.Expr:
    return zone_start(span) if span.is_calendar else start_of(span, exp.column(AS_OF, table=CLOCK))


def _start_column(span: Duration) -> str:
    return f"days_{span.count}"
