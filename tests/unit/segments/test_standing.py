"""A broken segment stays as it was compiled before: nobody leaves for a slip of the pen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.errors import DeclarationError
from cdp.project import Project
from cdp.segments.compiler import ANALYSES, compile_project, compile_what_stands, drift, write
from tests.unit.declarations.test_event_rules import NAMES, TIMELINE

Declare = Callable[[str, str], Path]


def compile_all(project: Project) -> list[str]:
    """Write everything that stands; the complaints."""
    generated, problems = compile_what_stands(project)
    write(drift(project, generated), generated)
    return [str(each) for each in problems]


def analysis(project: Project, name: str) -> str:
    return (project.dbt_project / ANALYSES / f"{name}.sql").read_text()


def masks(project: Project) -> str:
    return (project.dbt_project / "models/marts/segments/int_segments__masks.sql").read_text()


def test_a_broken_segment_stays_as_it_was_and_the_others_move_on(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: orders_count, at_least: 12}")
    declare("segments/b", "rule: {all: [{segment: a}, {trait: city, is: Rome}]}")
    assert not compile_all(project)
    before = analysis(project, "a")
    declare("segments/a", "rule: {trait: orders_cuont, at_least: 13}")
    declare("segments/b", "rule: {all: [{segment: a}, {trait: city, is: Oslo}]}")
    (problem,) = compile_all(project)
    assert "a.yml:4: there is no trait `orders_cuont`. Did you mean `orders_count`?" in problem
    assert analysis(project, "a") == before
    assert "orders_count >= 12" in analysis(project, "b")
    assert "'Oslo'" in analysis(project, "b")
    with pytest.raises(DeclarationError, match="orders_cuont"):
        compile_project(project)


def test_a_new_segment_that_is_broken_is_left_out(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: orders_count, at_least: 12}")
    assert not compile_all(project)
    declare("segments/new", "rule: [")
    (problem,) = compile_all(project)
    assert "new.yml" in problem
    assert not (project.dbt_project / ANALYSES / "new.sql").exists()


def test_a_circle_leaves_everybody_where_they_were(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: orders_count, at_least: 12}")
    declare("segments/b", "rule: {segment: a}")
    assert not compile_all(project)
    declare("segments/a", "rule: {segment: b}")
    assert any("circle" in problem for problem in compile_all(project))
    assert "orders_count >= 12" in analysis(project, "a")


def test_what_nothing_can_stand_in_for_stops_the_whole(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: orders_count, at_least: 12}")
    assert not compile_all(project)
    sheet = project.dbt_project / "models/marts/customers/_customers__models.yml"
    sheet.write_text(sheet.read_text().replace("orders_count", "orders_number"))
    with pytest.raises(DeclarationError, match="there is no trait `orders_count`"):
        compile_what_stands(project)


def test_a_declaration_that_stands_in_is_never_a_template(project: Project, declare: Declare) -> None:
    declare("segments/a", """rule: {trait: city, is: "{{ ref('x') }}{% raw %}{# ' #}"}""")
    assert not compile_all(project)
    declared = analysis(project, "a").splitlines()[1]
    assert declared.startswith("-- declared as ")
    assert not any(mark in declared for mark in ("{{", "{%", "{#"))
    before = analysis(project, "a")
    declare("segments/a", "rule: {trait: city, is: 3}")
    assert compile_all(project)
    assert analysis(project, "a") == before


def test_more_questions_about_events_than_a_table_holds_are_refused(project: Project, declare: Declare) -> None:
    sheet = project.dbt_project / "models/marts/customers/_customers__models.yml"
    sheet.write_text(sheet.read_text() + TIMELINE)
    (project.activation / "events.yml").parent.mkdir(exist_ok=True)
    (project.activation / "events.yml").write_text(NAMES)
    for number in range(2):
        asked = ", ".join(f"{{did: email_click, within_last: {number * 760 + hour} hours}}" for hour in range(1, 761))
        declare(f"segments/s{number}", f"rule: {{any: [{asked}]}}")
    with pytest.raises(DeclarationError, match="the segments ask 1,520 things about events; at most 1,500"):
        compile_project(project)
