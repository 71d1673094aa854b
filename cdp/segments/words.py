"""A rule in words, for people who do not read SQL."""

from __future__ import annotations

from datetime import datetime

from cdp.declarations.rule import All, AnyOf, Condition, Duration, Membership, Not, Operand, Operator, Rule
from cdp.declarations.segments import ModelReference, Segment

_PHRASES = {
    Operator.IS: "is {}",
    Operator.IS_NOT: "is not {}",
    Operator.IN: "is one of {}",
    Operator.NOT_IN: "is none of {}",
    Operator.AT_LEAST: "is at least {}",
    Operator.AT_MOST: "is at most {}",
    Operator.MORE_THAN: "is more than {}",
    Operator.LESS_THAN: "is less than {}",
    Operator.BETWEEN: "is between {}",
    Operator.WITHIN_LAST: "is within the last {}",
    Operator.MORE_THAN_AGO: "is more than {} ago",
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
    name = condition.trait.name
    if condition.operator is Operator.KNOWN:
        return f"{name} is {'known' if condition.operand else 'not known'}"
    glue = " and " if condition.operator is Operator.BETWEEN else ", "
    return f"{name} {_PHRASES[condition.operator].format(_value(condition.operand, glue))}"


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
