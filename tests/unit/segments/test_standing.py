"""A broken segment stays as it was compiled before: nobody leaves for a slip of the pen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.errors import DeclarationError
from cdp.project import Project
from cdp.segments.compiler import compile_project, compile_what_stands, drift, write
from cdp.segments.standing import ANALYSES, AUDIENCES, FACTS
from tests.unit.declarations.test_event_rules import NAMES, TIMELINE

Declare = Callable[[str, str], Path]


@pytest.fixture
def events(project: Project) -> None:
    """A timeline, and the names of its events."""
    sheet = project.dbt_project / "models/marts/customers/_customers__models.yml"
    sheet.write_text(sheet.read_text() + TIMELINE)
    project.activation.mkdir(exist_ok=True)
    (project.activation / "events.yml").write_text(NAMES)


def compile_all(project: Project) -> list[str]:
    """Write everything that stands; the complaints."""
    compiled = compile_what_stands(project)
    write(drift(project, compiled.generated), compiled.generated)
    return [str(each) for each in compiled.problems]


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


def test_the_members_of_a_new_circle_are_left_out_with_what_asks_them(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {segment: b}")
    declare("segments/b", "rule: {segment: a}")
    declare("segments/c", "rule: {segment: a}")
    declare("segments/d", "rule: {trait: city, is: Rome}")
    circle, asking = compile_all(project)
    assert re.search(r"a\.yml:4: segments refer to each other in a circle: a → b → a\. See also \S*b\.yml:4\.", circle)
    assert "c.yml:4: the segment `a` is left out: its own file is broken." in asking
    assert {file.stem for file in (project.dbt_project / ANALYSES).glob("*.sql")} == {"d"}


def audiences(project: Project) -> str:
    return (project.dbt_project / AUDIENCES).read_text()


def test_a_new_audience_that_is_broken_is_left_out(project: Project, declare: Declare) -> None:
    declare("segments/new", "rule: [")
    declare("audiences/letter", "segment: new\nchannel: email\npurpose: marketing")
    problems = compile_all(project)
    assert any("letter.yml:4: the segment `new` is left out: its own file is broken." in each for each in problems)
    assert "letter" not in audiences(project)


def test_a_broken_audience_stays_as_it_was_and_the_others_move_on(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: orders_count, at_least: 12}")
    declare("audiences/letter", "segment: a\nchannel: email\npurpose: marketing")
    declare("audiences/news", "segment: a\nchannel: email\npurpose: marketing")
    assert not compile_all(project)
    before = audiences(project)
    declare("audiences/letter", "segment: a\nchannel: emial\npurpose: marketing")
    declare("segments/a", "rule: {trait: orders_count, at_least: 13}")
    (problem,) = compile_all(project)
    assert "letter.yml:5: " in problem
    assert "emial" in problem
    assert audiences(project) == before
    assert "orders_count >= 13" in analysis(project, "a")
    declare("audiences/news", "segment: a\nchannel: sms\npurpose: marketing")
    assert len(compile_all(project)) == 1
    rows = re.sub(r"\(\s+|\s+", " ", audiences(project))
    assert "'letter', 'a', 'email'" in rows
    assert "'news', 'a', 'sms'" in rows


def test_a_broken_audience_without_a_note_of_what_it_was_stops_everything(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: orders_count, at_least: 12}")
    declare("audiences/letter", "segment: a\nchannel: email\npurpose: marketing")
    assert not compile_all(project)
    kept = [line for line in audiences(project).splitlines() if not line.startswith("-- audience")]
    (project.dbt_project / AUDIENCES).write_text("\n".join(kept))
    declare("audiences/letter", "segment: [")
    with pytest.raises(DeclarationError, match=r"letter\.yml"):
        compile_what_stands(project)


def test_a_slip_in_a_trait_leaves_it_and_whoever_asks_it_as_they_were(
    project: Project, declare: Declare, events: None
) -> None:
    declare("traits/clicks", "count: email_click")
    declare("segments/a", "rule: {trait: clicks, at_least: 2}")
    declare("segments/b", "rule: {trait: city, is: Rome}")
    assert not compile_all(project)
    facts = (project.dbt_project / FACTS).read_text()
    declare("traits/clicks", "count: email_clik")
    declare("segments/b", "rule: {trait: city, is: Oslo}")
    (problem,) = compile_all(project)
    assert "clicks.yml:4: " in problem
    assert "email_clik" in problem
    assert (project.dbt_project / FACTS).read_text() == facts
    assert "'Oslo'" in analysis(project, "b")


def test_a_new_trait_that_is_broken_is_left_out_with_what_is_new_and_asks_it(
    project: Project, declare: Declare, events: None
) -> None:
    declare("segments/b", "rule: {trait: city, is: Rome}")
    declare("traits/clicks", "count: email_clik")
    declare("segments/a", "rule: {trait: clicks, at_least: 2}")
    of_trait, of_segment = compile_all(project)
    assert "clicks.yml:4: " in of_trait
    assert "a.yml:4: the trait `clicks` cannot be asked: its own file is broken." in of_segment
    assert "'Rome'" in analysis(project, "b")


def test_a_complaint_is_told_once_where_its_segment_cannot_stand(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: orders_count, at_least: 12}")
    assert not compile_all(project)
    sheet = project.dbt_project / "models/marts/customers/_customers__models.yml"
    sheet.write_text(sheet.read_text().replace("orders_count", "orders_number"))
    with pytest.raises(DeclarationError) as refused:
        compile_what_stands(project)
    assert str(refused.value).count("there is no trait `orders_count`") == 1


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


def test_more_questions_about_events_than_a_table_holds_are_refused(
    project: Project, declare: Declare, events: None
) -> None:
    for number in range(2):
        asked = ", ".join(f"{{did: email_click, within_last: {number * 760 + hour} hours}}" for hour in range(1, 761))
        declare(f"segments/s{number}", f"rule: {{any: [{asked}]}}")
    with pytest.raises(DeclarationError, match="the segments ask 1,520 things about events; at most 1,500"):
        compile_project(project)
