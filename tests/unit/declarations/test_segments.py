"""Segments as their authors write them: what is accepted, and what each mistake is answered with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.declarations.rule import All, Condition, Duration, Membership, Operator
from cdp.declarations.rule_reader import DEEPEST
from cdp.declarations.segments import load_segments, read_segments
from cdp.errors import DeclarationError
from cdp.project import Project

Declare = Callable[[str, str], Path]


def complaint(project: Project) -> str:
    with pytest.raises(DeclarationError) as caught:
        load_segments(project)
    return str(caught.value)


def nested(levels: int) -> str:
    return "{not: " * levels + "{trait: orders_count, at_least: 1}" + "}" * levels


def test_a_leaf_with_several_operators_asks_them_all(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: last_order_at, within_last: 7 days, more_than_ago: 1 hour}")
    rule = load_segments(project)["a"].definition
    assert isinstance(rule, All)
    assert [(each.operator, each.operand) for each in rule.rules if isinstance(each, Condition)] == [
        (Operator.WITHIN_LAST, Duration(7, "day")),
        (Operator.MORE_THAN_AGO, Duration(1, "hour")),
    ]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{trait: orders_cuont, is: 1}", "there is no trait `orders_cuont`. Did you mean `orders_count`?"),
        ("{trait: orders_count, at_least: many}", "the trait is a whole number, not 'many': write for example 12."),
        ("{trait: orders_count, at_least: 2.5}", "the trait is a whole number, not 2.5"),
        ("{trait: orders_count, is: true}", "the trait is a whole number, not true"),
        ("{trait: orders_count, at_least: 9223372036854775808}", "the trait is a whole number"),
        ("{trait: orders_count, at_least:}", "not nothing"),
        ("{trait: coupon_share, at_least: .nan}", "the trait is a number, not nan"),
        ("{trait: coupon_share, at_least: .inf}", "the trait is a number, not inf"),
        ("{trait: coupon_share, at_least: 0.12345678901234567}", "at most 15 digits"),
        ("{trait: city, is: yes}", 'the trait is text, not true: write for example "Berlin", in quotes.'),
        ("{trait: city, at_least: Rome}", "`at_least` does not apply to `city`, which is text."),
        ('{trait: city, is: "a\\0b"}', "no database can hold this text"),
        ('{trait: city, is: "\\ud800"}', "no database can hold this text"),
        ("{trait: city, in: []}", "expected a list of at least one value"),
        ("{trait: city, in: Rome}", "expected a list of at least one value"),
        ("{trait: city, resembles: Rome}", "`resembles` is not an operator."),
        ("{trait: city}", "nothing is asked of `city`."),
        ("{trait: city, known: false, is: Rome}", "nobody has no value and meets a condition on it."),
        ("{trait: orders_count, between: [3, 1]}", "swap them"),
        ("{trait: orders_count, between: [3]}", "expected two values, [lowest, highest]."),
        ("{trait: last_order_at, within_last: 30}", "write `30 days` or `72 hours`, or `7 calendar days`."),
        ("{trait: last_order_at, within_last: 0 days}", "write `30 days` or `72 hours`, or `7 calendar days`."),
        ("{trait: last_order_at, within_last: 90000 days}", "at most 36500 days."),
        (
            "{trait: last_order_at, within_last: 7 days, more_than_ago: 168 hours}",
            "nothing is both more than 168 hours",
        ),
        ("{trait: last_order_at, at_least: 2017-02-30}", "there is no such day or time"),
        ("{trait: last_order_at, at_least: last week}", "write for example 2017-11-01T08:00:00 (UTC)."),
        ("{segment: nobody}", "there is no segment `nobody`."),
        ("{segment: [a]}", "`segment` takes the name of a segment."),
        ("{all: {trait: city, is: Rome}}", "`all` takes a list of at least one rule."),
        ("{any: []}", "`any` takes a list of at least one rule."),
        ("{any: [{segment: a}], all: [{segment: a}]}", "`all` stands alone in its mapping."),
        ("[]", "a rule is one of `all: […]`, `any: […]`, `not: …`, `trait: …`, `did: …` or `segment: …`."),
        ("{}", "a rule is one of"),
        ("true", "a rule is one of"),
    ],
)
def test_a_mistake_is_answered_with_its_line_and_what_to_write(
    project: Project, declare: Declare, rule: str, told: str
) -> None:
    declare("segments/a", f"rule:\n  {rule}")
    message = complaint(project)
    assert told in message
    assert "segments/a.yml:" in message


def test_every_mistake_of_a_rule_is_told_at_its_own_line(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule:\n  all:\n    - {trait: city, is: 3}\n    - any:\n      - {trait: orders_count, is: x}")
    lines = [line.split(": ")[0].rsplit(":")[-1] for line in complaint(project).splitlines()]
    assert lines == ["6", "8"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "a segment has either a `rule` or a `model`."),
        ("model:", "a.yml:4: a segment has either a `rule` or a `model`."),
        ("rule: {segment: a}\nmodel: seg_a", "a segment has either a `rule` or a `model`."),
        ("model: seg_missing", "the dbt project has no model `seg_missing`."),
        ('model: "x\') }}"', "`model`: write small letters, digits and `_`, a letter first."),
        ("rule: {trait: city, is: Rome}\nformerly: b", "`formerly`: write a list, such as `[one, another]`."),
        ("rule: {trait: city, is: Rome}\nsince: 2017", "`since` is not a known key."),
    ],
)
def test_a_segment_is_a_rule_or_a_model(project: Project, declare: Declare, body: str, told: str) -> None:
    declare("segments/a", body)
    assert told in complaint(project)


def test_a_model_made_of_segments_is_none(project: Project, declare: Declare) -> None:
    folder = project.dbt_project / "models/marts/segments"
    (folder / "hand_written").mkdir(parents=True)
    (folder / "hand_written/seg_a.sql").write_text("select customer_id from {{ ref('segment_members') }}")
    (folder / "segment_members.sql").write_text("select 1 from {{ ref( 'int_segments__masks' ) }}")
    (folder / "int_segments__masks.sql").write_text("select 1 from {{ ref('seg_a') }}")
    declare("segments/a", "model: seg_a")
    assert "seg_a → segment_members → int_segments__masks" in complaint(project)


def test_the_file_is_called_what_its_name_says(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: city, is: Rome}").rename(project.activation / "segments/b.yml")
    assert "the file is called `b`, but its name says `a`." in complaint(project)


@pytest.mark.parametrize("name", ["a.yaml", "a.YML", "a.yml.txt"])
def test_another_ending_is_not_passed_over(project: Project, declare: Declare, name: str) -> None:
    declare("segments/a", "rule: {trait: city, is: Rome}").rename(project.activation / "segments" / name)
    assert f"{name}: declarations lie here in files that end in `.yml`. Rename it to `a.yml`." in complaint(project)


def test_a_folder_among_declarations_is_not_passed_over(project: Project, declare: Declare) -> None:
    file = declare("segments/a", "rule: {trait: city, is: Rome}")
    (file.parent / "crm").mkdir()
    file.rename(file.parent / "crm" / "a.yml")
    assert "crm: declarations lie here in files that end in `.yml`. Move its files one folder up." in complaint(project)


def test_a_broken_file_hides_neither_the_others_nor_who_refers_to_it(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: city, is: 3}")
    declare("segments/b", "rule: {segment: a}")
    segments, problems = read_segments(project)
    assert list(segments) == ["b"]
    assert len(problems) == 1


def test_a_circle_is_named(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {segment: b}")
    declare("segments/b", "rule: {all: [{trait: city, is: Rome}, {segment: c}]}")
    declare("segments/c", "rule: {not: {segment: a}}")
    declare("segments/d", "rule: {segment: d}")
    message = complaint(project)
    assert any(circle in message for circle in ("a → b → c → a", "b → c → a → b", "c → a → b → c"))
    assert "d → d" in message


def test_references_keep_their_line(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule:\n  segment: b")
    declare("segments/b", "rule: {trait: city, is: Rome}")
    rule = load_segments(project)["a"].definition
    assert isinstance(rule, Membership)
    assert rule.where.line == 5


def test_depth_has_a_limit_and_no_depth_crashes(project: Project, declare: Declare) -> None:
    declare("segments/a", f"rule: {nested(DEEPEST - 1)}")
    assert load_segments(project)
    declare("segments/a", f"rule: {nested(DEEPEST)}")
    assert f"the rule is nested deeper than {DEEPEST} levels." in complaint(project)
    declare("segments/a", f"rule: {nested(20_000)}")
    assert "the file is nested too deeply to read." in complaint(project)
    declare("segments/a", "rule: &self {not: *self}")
    assert "the file is nested too deeply to read." in complaint(project)


def test_references_that_multiply_are_refused_before_they_are_written_out(project: Project, declare: Declare) -> None:
    declare("segments/s00", "rule: {trait: city, is: Rome}")
    for number in range(1, 30):
        declare(
            f"segments/s{number:02}", f"rule: {{any: [{{segment: s{number - 1:02}}}, {{segment: s{number - 1:02}}}]}}"
        )
    message = complaint(project)
    assert "`s10` has 1024 conditions" in message
    assert "`s09`" not in message


def test_a_rule_of_too_many_conditions_is_refused(project: Project, declare: Declare) -> None:
    declare("segments/a", f"rule: {{any: [{', '.join(['{trait: city, is: Rome}'] * 1_001)}]}}")
    assert "segments/a.yml: `a` has 1001 conditions, 2 levels deep" in complaint(project)


def test_a_long_chain_of_references_is_refused_not_crashed(project: Project, declare: Declare) -> None:
    declare("segments/s0000", "rule: {trait: city, is: Rome}")
    for number in range(1, 600):
        declare(f"segments/s{number:04}", f"rule: {{segment: s{number - 1:04}}}")
    assert f"`s{DEEPEST:04}` has 1 conditions, {DEEPEST + 1} levels deep" in complaint(project)


def test_a_number_too_long_for_python_is_not_yaml(project: Project, declare: Declare) -> None:
    declare("segments/a", f"rule: {{trait: orders_count, is: {'9' * 5_000}}}")
    assert "this is not YAML" in complaint(project)
