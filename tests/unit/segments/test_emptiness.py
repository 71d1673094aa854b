"""A segment that nobody can be in, or everybody is, is told with its line, and compiled like any other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.project import Project
from cdp.segments.compiler import compile_what_stands

Declare = Callable[[str, str], Path]
OFTEN = "rule:\n  trait: orders_count\n  at_least: 12"


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("rule:\n  all:\n    - {trait: orders_count, at_least: 10}\n    - {trait: orders_count, less_than: 5}", 7),
        ("rule:\n  all:\n    - {trait: city, is: Rome}\n    - {trait: city, known: false}", 7),
        (
            "rule:\n  all:\n    - {trait: last_order_at, within_last: 7 days}\n    - {trait: city, is: Rome}\n"
            "    - {trait: last_order_at, more_than_ago: 30 days}",
            8,
        ),
        ("rule:\n  all:\n    - {segment: often}\n    - {not: {trait: orders_count, at_least: 3}}", 7),
        ("rule: {trait: orders_count, at_least: 20}\nexcept:\n  - often", 6),
        (
            "rule:\n  all:\n    - {trait: city, is: Rome}\n"
            "    - all:\n        - {not: {segment: often}}\n        - segment: often",
            9,
        ),
        ("rule:\n  any:\n    - all: [{trait: city, is: Rome}, {trait: city, is: Oslo}]", 4),
    ],
)
def test_a_segment_of_nobody_is_told_with_its_line(project: Project, declare: Declare, asked: str, line: int) -> None:
    declare("segments/often", OFTEN)
    declare("segments/odd", asked)
    compiled = compile_what_stands(project)
    (warning,) = map(str, compiled.warnings)
    assert re.search(rf"odd\.yml:{line}: `odd` is a segment of nobody: ", warning)
    assert not compiled.problems
    assert any(path.name == "odd.sql" for path in compiled.generated)


def test_a_segment_of_everybody_is_told(project: Project, declare: Declare) -> None:
    declare("segments/often", OFTEN)
    declare("segments/all_of_them", "rule: {any: [{segment: often}, {not: {segment: often}}]}")
    (warning,) = map(str, compile_what_stands(project).warnings)
    assert "all_of_them.yml:4: `all_of_them` is a segment of everybody: every customer meets its rule." in warning


def test_what_somebody_may_meet_is_not_told(project: Project, declare: Declare) -> None:
    declare("segments/often", OFTEN)
    declare("segments/seldom", "rule: {all: [{trait: orders_count, less_than: 5}, {not: {segment: often}}]}")
    assert not compile_what_stands(project).warnings
