"""A rule in words, for people who do not read SQL."""

from __future__ import annotations

from datetime import datetime

from cdp.declarations.absence import opposite_count
from cdp.declarations.computed import (
    SAMPLE_BUCKETS,
    Aggregate,
    CalendarCheck,
    EventFact,
    Happened,
    Happening,
    SampleBucket,
    Selection,
    TopRank,
    Window,
)
from cdp.declarations.rule import All, AnyOf, Condition, Duration, Membership, Not, Operand, Operator, Rule
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import Trait

_PHRASES = {
    Operator.IS: "{}",
    Operator.IS_NOT: "not {}",
    Operator.IN: "one of {}",
    Operator.NOT_IN: "none of {}",
    Operator.AT_LEAST: "at least {}",
    Operator.AT_MOST: "at most {}",
    Operator.MORE_THAN: "more than {}",
    Operator.LESS_THAN: "less than {}",
    Operator.BETWEEN: "between {}",
    Operator.WITHIN_LAST: "within the last {}",
    Operator.MORE_THAN_AGO: "more than {} ago",
}
_NAMES = {Aggregate.FIRST: "the first", Aggregate.LAST: "the last"} | {
    aggregate: f"the {word} {{}} of"
    for aggregate, word in (
        (Aggregate.SUM, "sum of"),
        (Aggregate.AVG, "average"),
        (Aggregate.MAX, "highest"),
        (Aggregate.MIN, "lowest"),
    )
}


def segment_in_words(segment: Segment) -> str:
    if isinstance(segment.definition, ModelReference):
        return f"the customers of {segment.definition.model}"
    return rule_in_words(segment.definition)


def rule_in_words(rule: Rule) -> str:
    """One line; connectives inside others stand in parentheses."""
    match rule:
        case All(rules):
            return " and ".join(map(_inner, rules))
        case AnyOf(rules):
            return " or ".join(map(_inner, rules))
        case Not(Condition() as counted) if opposite := opposite_count(counted):
            return rule_in_words(opposite)
        case Not(child):
            return f"not {_inner(child)}"
        case Membership(segment):
            return f"in segment {segment}"
        case Condition():
            return _condition(rule)


def _inner(rule: Rule) -> str:
    words = rule_in_words(rule)
    return f"({words})" if isinstance(rule, All | AnyOf) and len(rule.rules) > 1 else words


def _condition(condition: Condition) -> str:
    return _drawn(condition) or _did(condition) or _compares(condition)


def _drawn(condition: Condition) -> str:
    """In a sample or among the highest; empty for any other condition."""
    operand = condition.operand
    match condition.trait:
        case SampleBucket(salt=salt) if isinstance(operand, int):
            return f"in the {operand * 100 / SAMPLE_BUCKETS:g} percent drawn by “{salt}”"
        case TopRank(by=by):
            return f"among the {operand} highest by {_name(by)}"
    return ""


def _did(condition: Condition) -> str:
    """That something happened so often; empty for any other condition."""
    match condition.trait:
        case EventFact(aggregate=Aggregate.COUNT, is_declared=False) as fact:
            times = f"{_compared(condition)} time{'' if condition.operand == 1 else 's'}"
            exactly = "exactly " if condition.operator is Operator.IS else ""
            return f"did {_happening(fact.selection.happening)} {exactly}{times}{_extent(fact.selection)}"
        case Happened(selection=selection):
            return f"did {_happening(selection.happening)}{_extent(selection)}"
    return ""


def _compares(condition: Condition) -> str:
    if isinstance(condition.trait, CalendarCheck):
        return f"{_name(condition.trait.of)} is {_window(condition.trait.window)}"
    if condition.operator is Operator.KNOWN:
        return f"{_name(condition.trait)} is {'known' if condition.operand else 'not known'}"
    return f"{_name(condition.trait)} is {_compared(condition)}"


def _compared(condition: Condition) -> str:
    glue = " and " if condition.operator is Operator.BETWEEN else ", "
    return _PHRASES[condition.operator].format(_value(condition.operand, glue))


def _name(trait: Trait) -> str:
    """What a column is called: its own name, or what it is made of."""
    if not isinstance(trait, EventFact) or trait.is_declared:
        return trait.name
    of = trait.of.name if trait.of else ""
    name = "the number of" if trait.aggregate is Aggregate.COUNT else _NAMES[trait.aggregate].format(of)
    return f"{name} {_happening(trait.selection.happening)}{_extent(trait.selection)}"


def _happening(happening: Happening) -> str:
    where = " and ".join(map(_condition, happening.where))
    return f"{happening.event} ({where})" if where else happening.event


def _extent(selection: Selection) -> str:
    """The window, and what followed; each with a space before it."""
    parts = [_window(selection.window)] if selection.window != Window() else []
    if sequel := selection.sequel:
        followed = "followed" if sequel.is_wanted else "not followed"
        parts.append(f"{followed} by {_happening(sequel.happening)} within {sequel.within}")
    return "".join(f" {part}" for part in parts)


def _window(window: Window) -> str:
    within = [f"within the last {window.within}"] if window.within else []
    ago = [f"more than {window.ago} ago"] if window.ago else []
    return " and ".join(within + ago)


def _value(operand: Operand, glue: str) -> str:
    match operand:
        case tuple():
            return glue.join(_value(part, glue) for part in operand)
        case bool():
            return str(operand).lower()
        case str():
            return f"“{operand}”"
        case datetime():
            return operand.isoformat(sep=" ")
        case Duration() | _:
            return str(operand)
