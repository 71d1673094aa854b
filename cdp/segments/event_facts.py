"""All that rules ask about events, in one pass over the timeline; equal questions share a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from sqlglot import exp

from cdp.declarations.computed import EventFact, Happened, Happening
from cdp.declarations.events import EVENT_TYPE, EVENTS_MODEL, OCCURRED_AT
from cdp.declarations.rule import Duration
from cdp.declarations.traits import CUSTOMER_KEY, TIME_ZONE, TRAITS_MODEL
from cdp.segments.event_checks import KINDS, NOW, Checks, start_column
from cdp.segments.event_queries import HOMES, OWNER, ZONE, is_over, same_customer
from cdp.segments.literals import interval, text_literal, typed
from cdp.segments.predicates import AS_OF, CLOCK, start_of
from cdp.segments.ranks import ZONES, zone_start, zones
from cdp.segments.selections import EVENTS, FLOAT, happens, in_window, moment_of, value_of
from cdp.segments.source import Source

PLAIN, FOLLOWED = "plain", "followed"
_LEAST = exp.cast(exp.Literal.string("1 microsecond"), "interval")
_TYPES: dict[str, str | exp.DataType] = {"WHOLE": "bigint", "NUMBER": FLOAT, "TIMESTAMP": "timestamp"}


def event_facts_query(asked: Iterable[EventFact | Happened], source: Source) -> exp.Select:
    """One row per customer who has an event of a type that is asked for, a column for each of `asked`."""
    columns = sorted(set(asked), key=lambda each: each.name)
    if not columns:
        return exp.select(typed(exp.null(), "bigint", CUSTOMER_KEY)).where("1 = 0")
    facts = [each for each in columns if isinstance(each, EventFact)]
    checks = Checks([each for each in columns if isinstance(each, Happened)])
    aggregates = [*map(_column, (fact for fact in facts if fact.selection.sequel is None)), *checks.words()]
    query = exp.select(
        exp.column(CUSTOMER_KEY, table=PLAIN),
        *(exp.column(fact.name, table=PLAIN) for fact in facts if fact.selection.sequel is None),
        *checks.answers(PLAIN),
    ).from_(_aggregated(aggregates, _events(columns, source, checks)).subquery(PLAIN))
    sequels = [fact for fact in facts if fact.selection.sequel]
    return _beside(query, sequels, source) if sequels else query


def _beside(plain: exp.Select, sequels: list[EventFact], source: Source) -> exp.Select:
    """What follows what is looked up among the events of those types only."""
    followers = {each: f"next_{number}" for number, each in enumerate(_followers(sequels), start=1)}
    nexts = [exp.alias_(_next(each, exp.column(AS_OF, table=CLOCK)), name) for each, name in followers.items()]
    events = _events(sequels, source).select(*nexts)
    followed = _aggregated([_column(fact, followers) for fact in sequels], events)
    return plain.select(*(exp.column(fact.name, table=FOLLOWED) for fact in sequels)).join(
        followed.subquery(FOLLOWED), on=same_customer(FOLLOWED, PLAIN), join_type="left"
    )


def _aggregated(columns: Iterable[exp.Expr], events: exp.Select) -> exp.Select:
    return exp.select(OWNER.copy(), *columns).from_(events.subquery(EVENTS)).group_by(OWNER.copy())


def _column(fact: EventFact, followers: Mapping[Happening, str] = MappingProxyType({})) -> exp.Expr:
    selection, window = fact.selection, fact.selection.window
    conditions = [happens(selection.happening, NOW), *in_window(window, moment_of(), start_column)]
    if sequel := selection.sequel:
        until = exp.Add(this=moment_of(), expression=interval(sequel.within))
        following = exp.LTE(this=exp.column(followers[sequel.happening], table=EVENTS), expression=until)
        follows = exp.Coalesce(this=following, expressions=[exp.false()])
        conditions += [follows] if sequel.is_wanted else [is_over(sequel, NOW), exp.not_(follows, copy=False)]
    value = value_of(fact, exp.and_(*conditions, copy=False), exp.Max(this=NOW.copy()))
    return typed(value, _TYPES[fact.kind.name], fact.name)


def _events(columns: Iterable[EventFact | Happened], source: Source, checks: Checks | None = None) -> exp.Select:
    """The events that any of the columns looks at, up to `as_of`, each beside the moments that it is compared with."""
    asked = list(columns)
    spans = sorted({span for each in asked for span in _window_spans(each)}, key=lambda span: (span.unit, span.count))
    exact = [span for span in spans if not span.is_calendar]
    now = exp.column(AS_OF, table=CLOCK)
    query = (
        exp.select(*(exp.column(name, table=EVENTS) for name in _read(asked)), now)
        .select(*(exp.column(start_column(span).name, table=CLOCK) for span in exact))
        .from_(exp.alias_(source.relation(EVENTS_MODEL), EVENTS, table=True))
        .join(_clock(exact, source), join_type="cross")
        .where(
            exp.not_(exp.Is(this=OWNER.copy(), expression=exp.null()), copy=False),
            exp.LTE(this=moment_of(), expression=now.copy()),
        )
    )
    query = _of_types(query, sorted({each.event for column in asked for each in _happenings(column)}), checks)
    calendar = [span for span in spans if span.is_calendar]
    return _with_zone(query, calendar, source) if calendar else query


def _of_types(events: exp.Select, types: list[str], checks: Checks | None) -> exp.Select:
    """Only events of these types; with their cells, where anything is looked up by them."""
    event_type = exp.column(EVENT_TYPE, table=EVENTS)
    if not checks:
        return events.where(exp.In(this=event_type, expressions=[text_literal(name) for name in types]))
    same = exp.EQ(this=exp.column(EVENT_TYPE, table=KINDS), expression=event_type)
    return events.join(checks.kinds(types), on=same).select(checks.cell())


def _clock(spans: Iterable[Duration], source: Source) -> exp.Subquery:
    """`as_of`, and where each span before it starts: worked out once, not for each event."""
    clock = exp.select(exp.alias_(source.as_of(), AS_OF)).subquery(CLOCK)
    now = exp.column(AS_OF, table=CLOCK)
    starts = [exp.alias_(start_of(span, now.copy()), start_column(span).name, copy=False) for span in spans]
    return exp.select(now, *starts).from_(clock).subquery(CLOCK)


def _with_zone(query: exp.Select, spans: list[Duration], source: Source) -> exp.Select:
    """The same beside the starts, in the customer's time zone, of spans of calendar days."""
    homes = exp.alias_(source.relation(TRAITS_MODEL), HOMES, table=True)
    same_zone = exp.EQ(this=ZONE.copy(), expression=exp.column(TIME_ZONE, table=ZONES))
    return (
        query.join(homes, on=same_customer(HOMES, EVENTS), join_type="left")
        .join(zones(spans, source).subquery(ZONES), on=same_zone, join_type="left")
        .select(*(zone_start(span) for span in spans))
    )


def _next(happening: Happening, now: exp.Expr) -> exp.Expr:
    """When it happens next, strictly later: null where it does not."""
    when = exp.Case(ifs=[exp.If(this=happens(happening, now), true=moment_of())])
    frame = exp.WindowSpec(kind="RANGE", start=_LEAST, start_side="FOLLOWING", end="UNBOUNDED", end_side="FOLLOWING")
    order = exp.Order(expressions=[exp.Ordered(this=moment_of(), nulls_first=False)])
    return exp.Window(this=exp.Min(this=when), partition_by=[OWNER.copy()], order=order, spec=frame)


def _happenings(column: EventFact | Happened) -> Iterator[Happening]:
    yield column.selection.happening
    if column.selection.sequel:
        yield column.selection.sequel.happening


def _followers(facts: Iterable[EventFact]) -> list[Happening]:
    return list(dict.fromkeys(fact.selection.sequel.happening for fact in facts if fact.selection.sequel))


def _window_spans(column: EventFact | Happened) -> list[Duration]:
    return [span for span in (column.selection.window.within, column.selection.window.ago) if span]


def _read(columns: Iterable[EventFact | Happened]) -> list[str]:
    """The columns of the timeline that anything compares or adds up."""
    read = {CUSTOMER_KEY, EVENT_TYPE, OCCURRED_AT}
    for column in columns:
        read |= {each.trait.name for happening in _happenings(column) for each in happening.where}
        read |= {column.of.name} if isinstance(column, EventFact) and column.of else set()
    return sorted(read)
