"""Comparisons that exclude each other are refused, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.declarations.contradictions import exclude_each_other
from cdp.declarations.rule import Condition, Operator
from cdp.declarations.segments import load_segments
from cdp.declarations.traits import Kind, Trait
from cdp.errors import DeclarationError
from cdp.project import Project

Declare = Callable[[str, str], Path]
DAY, HOUR = date(2024, 5, 1), datetime(2024, 5, 1)
# Few values, written and held, so that comparisons often meet, and everything that they can tell apart is tried.
DOMAINS: dict[Kind, list[Any]] = {
    Kind.WHOLE: list(range(-2, 6)),
    Kind.NUMBER: [number / 4 for number in range(-8, 24)],
    Kind.TEXT: ["", "a", "b", "c", "never written"],
    Kind.YES_NO: [True, False],
    Kind.DATE: [DAY + timedelta(days=days) for days in range(-2, 6)],
    Kind.TIMESTAMP: [HOUR + timedelta(minutes=15 * quarters) for quarters in range(-8, 24)],
}
WRITTEN: dict[Kind, list[Any]] = {
    Kind.WHOLE: [0, 1, 2, 3],
    Kind.NUMBER: [0, 0.5, 1, 2.5],
    Kind.TEXT: ["", "a", "b", "c"],
    Kind.YES_NO: [True, False],
    Kind.DATE: [DAY + timedelta(days=days) for days in range(4)],
    Kind.TIMESTAMP: [HOUR + timedelta(hours=hours) for hours in range(4)],
}


def holds(value: Any, operator: Operator, operand: Any) -> bool:
    given = operand if isinstance(operand, tuple) else (operand,)
    match operator:
        case Operator.IS | Operator.IN:
            return value in given
        case Operator.IS_NOT | Operator.NOT_IN:
            return value not in given
        case Operator.AT_LEAST:
            return bool(value >= operand)
        case Operator.AT_MOST:
            return bool(value <= operand)
        case Operator.MORE_THAN:
            return bool(value > operand)
        case Operator.LESS_THAN:
            return bool(value < operand)
    return bool(given[0] <= value <= given[1])


@st.composite
def questions(draw: st.DrawFn) -> list[Condition]:
    kind = draw(st.sampled_from(list(Kind)))
    value = st.sampled_from(WRITTEN[kind])
    several = st.lists(value, min_size=1, max_size=3, unique=True).map(tuple)
    operands: dict[Operator, st.SearchStrategy[Any]] = dict.fromkeys((Operator.IS, Operator.IS_NOT), value)
    operands |= dict.fromkeys((Operator.IN, Operator.NOT_IN), several)
    if kind not in (Kind.TEXT, Kind.YES_NO):
        bounds = (Operator.AT_LEAST, Operator.AT_MOST, Operator.MORE_THAN, Operator.LESS_THAN)
        operands |= dict.fromkeys(bounds, value)
        operands[Operator.BETWEEN] = st.tuples(value, value).map(lambda pair: tuple(sorted(pair)))
    asked = draw(st.lists(st.sampled_from(list(operands)), min_size=2, max_size=4, unique=True))
    return [Condition(Trait("x", kind), operator, draw(operands[operator])) for operator in asked]


@given(questions())
def test_what_is_refused_is_what_no_value_meets(asked: list[Condition]) -> None:
    values = DOMAINS[asked[0].trait.kind]
    met = any(all(holds(value, each.operator, each.operand) for each in asked) for value in values)
    assert exclude_each_other(asked) is not met


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("at_least: 5, at_most: 3", "no value of `orders_count` meets `at_least`, `at_most` together."),
        ("is: 2, at_least: 3", "no value of `orders_count` meets `is`, `at_least` together."),
        ("more_than: 2, less_than: 3", "meets `more_than`, `less_than` together."),
    ],
)
def test_a_contradiction_is_answered_with_its_line(project: Project, declare: Declare, asked: str, told: str) -> None:
    declare("segments/a", f"rule: {{trait: orders_count, {asked}}}")
    with pytest.raises(DeclarationError) as refused:
        load_segments(project)
    assert "a.yml:4: " in str(refused.value)
    assert told in str(refused.value)
