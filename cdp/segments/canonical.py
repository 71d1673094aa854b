"""The SQL of one segment on its own, which a reviewer reads."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY
from cdp.segments.predicates import TRAITS, LeafSql, combine, customers, written_out
from cdp.segments.source import Source


def canonical_query(segment: Segment, segments: Mapping[str, Segment], source: Source) -> exp.Select:
    """One `customer_id` per member of `segment`."""
    if isinstance(segment.definition, ModelReference):
        return exp.select(CUSTOMER_KEY).from_(source.relation(segment.definition.model))
    predicate = combine(written_out(segment.definition, segments), LeafSql(segments, source))
    return customers(source).select(exp.column(CUSTOMER_KEY, table=TRAITS)).where(predicate, copy=False)
