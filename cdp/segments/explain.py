"""Why a customer is, or is not, in a segment: each condition of its rule beside the customer's own value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from cdp.declarations.rule import All, AnyOf, Condition, Leaf, Membership, Not, Rule, leaves
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY, Trait
from cdp.errors import CdpError, Location
from cdp.segments.canonical import PlainLeafSql
from cdp.segments.predicates import TRAITS, customers, written_out
from cdp.segments.source import ReaderSource
from cdp.segments.words import rule_in_words
from cdp.warehouse.port import Reader


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the answer: a part of the rule, `depth` levels in, and whether the customer meets it.

    `value` is the customer's own value of the trait that is asked; None for parts that ask none, and for a missing one.
    """

    depth: int
    asked: str
    value: Any
    holds: bool


def explain_membership(
    reader: Reader, segments: Mapping[str, Segment], segment: Segment, customer_id: int
) -> list[Reason]:
    """The whole rule first, then its parts.

    Raises CdpError where the published generation has no such customer.
    """
    rule = _rule(segment)
    answers = _answers(reader, segments, rule, customer_id)
    return list(_Explanation(segments, answers).of(rule, 0))


def _rule(segment: Segment) -> Rule:
    if isinstance(segment.definition, ModelReference):
        return Membership(segment.name, Location(segment.file))
    return segment.definition


@dataclass(frozen=True, slots=True)
class _Answers:
    holds: Mapping[Leaf, bool]
    values: Mapping[Trait, Any]


def _answers(reader: Reader, segments: Mapping[str, Segment], rule: Rule, customer_id: int) -> _Answers:
    """One query: every leaf of the rule written out, and the value that each compares."""
    source = ReaderSource(reader)
    asked = list(dict.fromkeys(leaves(written_out(rule, segments))))
    traits = list(dict.fromkeys(leaf.trait for leaf in asked if isinstance(leaf, Condition)))
    leaf_sql = PlainLeafSql(segments, source, only=customer_id)
    query = (
        customers(source)
        .select(*(exp.alias_(leaf_sql(leaf), f"_leaf_{number}") for number, leaf in enumerate(asked)))
        .select(*(exp.alias_(leaf_sql.value(trait), f"_value_{number}") for number, trait in enumerate(traits)))
        .where(exp.EQ(this=exp.column(CUSTOMER_KEY, table=TRAITS), expression=exp.convert(customer_id)))
    )
    rows = reader.query(query.sql(dialect=reader.dialect)).read_all().to_pylist()
    if not rows:
        raise no_such_customer(customer_id)
    row = rows[0]
    return _Answers(
        {leaf: row[f"_leaf_{number}"] for number, leaf in enumerate(asked)},
        {trait: row[f"_value_{number}"] for number, trait in enumerate(traits)},
    )


def no_such_customer(customer_id: int) -> CdpError:
    return CdpError(
        f"there is no customer {customer_id} in the published generation.",
        remedy="It may have been merged into another customer, or be newer than the last build.",
    )


@dataclass(frozen=True, slots=True)
class _Explanation:
    segments: Mapping[str, Segment]
    answers: _Answers

    def of(self, rule: Rule, depth: int) -> Iterator[Reason]:
        yield Reason(depth, _asked(rule), self._value(rule), self._holds(rule))
        for part in self._parts(rule):
            yield from self.of(part, depth + 1)

    def _parts(self, rule: Rule) -> tuple[Rule, ...]:
        match rule:
            case All(rules) | AnyOf(rules):
                return rules
            case Not(child):
                return (child,)
            case Membership(segment):
                definition = self.segments[segment].definition
                return () if isinstance(definition, ModelReference) else (definition,)
            case Condition():
                return ()

    def _holds(self, rule: Rule) -> bool:
        match rule:
            case All(rules):
                return all(map(self._holds, rules))
            case AnyOf(rules):
                return any(map(self._holds, rules))
            case Not(child):
                return not self._holds(child)
            case Membership() if parts := self._parts(rule):
                return self._holds(parts[0])
            case Condition() | Membership():
                return self.answers.holds[rule]

    def _value(self, rule: Rule) -> Any:
        return self.answers.values[rule.trait] if isinstance(rule, Condition) else None


def _asked(rule: Rule) -> str:
    match rule:
        case All():
            return "all of"
        case AnyOf():
            return "any of"
        case Not():
            return "not"
        case Condition() | Membership():
            return rule_in_words(rule)
