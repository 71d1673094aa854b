"""Comparisons of one trait that no value meets together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from cdp.declarations.operands import LISTS
from cdp.declarations.rule import Condition, Operator
from cdp.declarations.traits import Kind

_COMPARED: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.IS: lambda value, operand: value == operand,
    Operator.IS_NOT: lambda value, operand: value != operand,
    Operator.IN: lambda value, operand: value in operand,
    Operator.NOT_IN: lambda value, operand: value not in operand,
    Operator.AT_LEAST: lambda value, operand: value >= operand,
    Operator.AT_MOST: lambda value, operand: value <= operand,
    Operator.MORE_THAN: lambda value, operand: value > operand,
    Operator.LESS_THAN: lambda value, operand: value < operand,
    Operator.BETWEEN: lambda value, operand: operand[0] <= value <= operand[1],
}
# The least that two values differ by; between two others there is always one more.
_STEPS: dict[Kind, Any] = {Kind.WHOLE: 1, Kind.DATE: timedelta(days=1)}
_AWAY: dict[Kind, Any] = {Kind.NUMBER: math.inf, Kind.TIMESTAMP: timedelta(seconds=1), **_STEPS}


def exclude_each_other(conditions: Sequence[Condition]) -> bool:
    """Whether no value meets all of `conditions`, which are about one trait.

    What windows ask depends on the moment, so they are left out.
    """
    compared = [condition for condition in conditions if condition.operator in _COMPARED]
    if len(compared) < 2:
        return False
    asked = [(_COMPARED[each.operator], _sought(each)) for each in compared]
    values = _telling(compared[0].trait.kind, {value for each in compared for value in _written(each)})
    return not any(all(compare(value, operand) for compare, operand in asked) for value in values)


def _written(condition: Condition) -> tuple[Any, ...]:
    return condition.operand if isinstance(condition.operand, tuple) else (condition.operand,)


def _sought(condition: Condition) -> Any:
    return frozenset(_written(condition)) if condition.operator in LISTS else condition.operand


def _telling(kind: Kind, written: Iterable[Any]) -> Iterator[Any]:
    """The written values and one of each sort beside them: between neighbours all values are answered alike."""
    values = sorted(written)
    if kind is Kind.YES_NO:
        yield from (True, False)
        return
    yield from values
    if kind is Kind.TEXT:
        yield max(values, key=len) + "…"
        return
    step = _STEPS.get(kind)
    yield from (low + (step or (high - low) / 2) for low, high in pairwise(values) if not step or low + step < high)
    for value, away in ((values[0], -_AWAY[kind]), (values[-1], _AWAY[kind])):
        try:
            yield value + away
        except OverflowError:
            continue
