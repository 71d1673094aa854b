"""The SQL of one segment on its own, which a reviewer reads."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from cdp.declarations.computed import (
    SAMPLE_BUCKETS,
    Aggregate,
    CalendarCheck,
    EventFact,
    Happened,
    SampleBucket,
    TopRank,
    event_fact,
)
from cdp.declarations.rule import Condition, Leaf, Operator
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY, TIME_ZONE, Trait
from cdp.segments.event_queries import OWNER, ZONE, fact_query, fact_value, start_in
from cdp.segments.predicates import (
    AS_OF,
    CLOCK,
    TRAITS,
    LeafSql,
    combine,
    compare,
    customers,
    filtering,
    trait_column,
    written_out,
)
from cdp.segments.ranks import in_own_days, position
from cdp.segments.source import Source

RANKED, POSITION = "ranked", "position"
_CUSTOMER = exp.column(CUSTOMER_KEY, table=TRAITS)


def canonical_query(segment: Segment, segments: Mapping[str, Segment], source: Source) -> exp.Select:
    """One `customer_id` per member of `segment`."""
    if isinstance(segment.definition, ModelReference):
        return exp.select(CUSTOMER_KEY).from_(source.relation(segment.definition.model))
    predicate = combine(written_out(segment.definition, segments), PlainLeafSql(segments, source))
    return customers(source).select(exp.column(CUSTOMER_KEY, table=TRAITS)).where(filtering(predicate), copy=False)


class PlainLeafSql(LeafSql):
    """Each leaf over the traits and the timeline alone, without a generated relation.

    With `only` a customer, events of others are not looked at: the answers about that customer stay the same.
    """

    def __init__(self, segments: Mapping[str, Segment], source: Source, only: int | None = None) -> None:
        super().__init__(segments, source)
        self._only = only

    def value(self, trait: Trait) -> exp.Expr:
        """The customer's own value of a column that is compared: where that is yes or no, the moment it is about."""
        match trait:
            case EventFact():
                value = self._events(trait).select(fact_value(trait, self._source)).subquery()
                zero = exp.Literal.number(0)
                return exp.Coalesce(this=value, expressions=[zero]) if trait.aggregate is Aggregate.COUNT else value
            case CalendarCheck(of=of):
                return self.value(of)
            case Happened(selection=selection):
                return self.value(event_fact(Aggregate.LAST, selection))
            case SampleBucket(salt=salt):
                return self._source.hash_bucket(salt, _CUSTOMER.copy(), SAMPLE_BUCKETS)
            case TopRank(by=by):
                ranked = exp.select(POSITION).from_(self._ranked(by).subquery(RANKED))
                own = ranked.where(exp.EQ(this=exp.column(CUSTOMER_KEY, table=RANKED), expression=_CUSTOMER.copy()))
                return own.subquery()
        return trait_column(trait)

    def __call__(self, leaf: Leaf) -> exp.Expr:
        match leaf:
            case Condition(trait=EventFact() as fact):
                return self._of_events(leaf, fact)
            case Condition(trait=Happened(selection=selection)):
                return _is_among(self._events(event_fact(Aggregate.LAST, selection)).select(OWNER.copy()))
            case Condition(trait=CalendarCheck() as check):
                return self._of_days(check)
            case Condition(trait=TopRank(by=by)):
                ranked = exp.select(CUSTOMER_KEY).from_(self._ranked(by).subquery(RANKED))
                return _is_among(ranked.where(compare(leaf, exp.column(POSITION, table=RANKED), self._source.as_of())))
            case Condition(trait=SampleBucket(salt=salt)):
                bucket = self._source.hash_bucket(salt, _CUSTOMER.copy(), SAMPLE_BUCKETS)
                return compare(leaf, bucket, self._source.as_of())
        return super().__call__(leaf)

    def _of_events(self, condition: Condition, fact: EventFact) -> exp.Expr:
        if condition.operator is Operator.KNOWN and not condition.operand:
            return exp.not_(self._of_events(Condition(fact, Operator.KNOWN, True), fact), copy=False)
        holds = compare(condition, fact_value(fact, self._source), self._source.as_of())
        return _is_among(self._events(fact).select(OWNER.copy()).having(filtering(holds), copy=False))

    def _of_days(self, check: CalendarCheck) -> exp.Expr:
        if not isinstance(check.of, EventFact):
            clock, zone = exp.column(AS_OF, table=CLOCK), exp.column(TIME_ZONE, table=TRAITS)
            return self._in_own_days(check, trait_column(check.of), clock, zone)
        moments = self._events(check.of, with_zone=True).select(OWNER.copy())
        holds = self._in_own_days(check, fact_value(check.of, self._source), self._source.as_of(), ZONE)
        return _is_among(moments.having(filtering(holds), copy=False))

    def _events(self, fact: EventFact, *, with_zone: bool = False) -> exp.Select:
        query = fact_query(fact, self._source, with_zone=with_zone)
        if self._only is None:
            return query
        return query.where(exp.EQ(this=OWNER.copy(), expression=exp.convert(self._only)), copy=False)

    def _in_own_days(self, check: CalendarCheck, moment: exp.Expr, as_of: exp.Expr, zone: exp.Column) -> exp.Expr:
        return in_own_days(check.window, moment, as_of, start_in(self._source, zone, as_of))

    def _ranked(self, by: Trait) -> exp.Select:
        """Everybody who has the trait, by `position`."""
        if isinstance(by, EventFact):
            value, key, rows = fact_value(by, self._source), OWNER, fact_query(by, self._source)
        else:
            # Behind a dot even a word of SQL is a name.
            value, key = exp.column(by.name, table=TRAITS), exp.column(CUSTOMER_KEY, table=TRAITS)
            rows = exp.select().from_(exp.alias_(self._source.relation(by.model), TRAITS, table=True))
        known = exp.not_(exp.Is(this=value.copy(), expression=exp.null()), copy=False)
        # Events that are nobody's must not take a place among the customers.
        rows = rows.where(exp.not_(exp.Is(this=key.copy(), expression=exp.null()), copy=False), copy=False)
        rows = rows.having(known, copy=False) if isinstance(by, EventFact) else rows.where(known, copy=False)
        return rows.select(key.copy(), exp.alias_(position(value, key), POSITION, copy=False))


def _is_among(members: exp.Select) -> exp.Expr:
    owner = members.selects[0].copy()
    known = exp.not_(exp.Is(this=owner, expression=exp.null()), copy=False)
    return exp.In(this=_CUSTOMER.copy(), query=members.where(known, copy=False).subquery())
