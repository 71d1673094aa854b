"""Counts of nothing: who has no events may have no row, and then a count is null where zero is meant."""

from __future__ import annotations

from cdp.declarations.computed import Aggregate, EventFact
from cdp.declarations.rule import All, Condition, Not, Operator, Rule
from cdp.declarations.traits import Trait

_OPPOSITES = {
    Operator.IS: Operator.IS_NOT,
    Operator.IN: Operator.NOT_IN,
    Operator.AT_LEAST: Operator.LESS_THAN,
    Operator.AT_MOST: Operator.MORE_THAN,
}
_OPPOSITES |= {opposite: operator for operator, opposite in _OPPOSITES.items()}


def is_count(trait: Trait) -> bool:
    return isinstance(trait, EventFact) and trait.aggregate is Aggregate.COUNT


def as_if_zero(condition: Condition) -> Rule:
    """The same question, put so that null answers it as zero would; of anything but a count, the condition itself."""
    fact, operator, operand = condition.trait, condition.operator, condition.operand
    if not is_count(fact):
        return condition
    if operator is Operator.BETWEEN:
        low, high = operand  # type: ignore[misc]
        bounds = ((Operator.AT_LEAST, low), (Operator.AT_MOST, high))
        return All(tuple(as_if_zero(Condition(fact, bound, value)) for bound, value in bounds))
    opposite = opposite_count(condition)
    return Not(opposite) if opposite and _holds_for_zero(condition) else condition


def opposite_count(condition: Condition) -> Condition | None:
    """The comparison of a count that holds just where `condition` does not; None for any other column."""
    fact, operator = condition.trait, condition.operator
    if not is_count(fact) or operator not in _OPPOSITES:
        return None
    return Condition(fact, _OPPOSITES[operator], condition.operand)


def _holds_for_zero(condition: Condition) -> bool:
    operand = condition.operand
    values = operand if isinstance(operand, tuple) else (operand,)
    first = values[0]
    assert isinstance(first, int)
    return {
        Operator.IS: 0 in values,
        Operator.IN: 0 in values,
        Operator.IS_NOT: 0 not in values,
        Operator.NOT_IN: 0 not in values,
        Operator.AT_LEAST: first <= 0,
        Operator.AT_MOST: first >= 0,
        Operator.MORE_THAN: first < 0,
        Operator.LESS_THAN: first > 0,
    }[condition.operator]
