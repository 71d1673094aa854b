"""What a segment's file would mean on the published customers, before anything is built."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cdp.errors import CdpError, ConfigurationError, DeclarationError
from cdp.project import Project
from cdp.segments.commands import register
from cdp.segments.previewing.sample import masked
from tests.doubles.published import publish_customers

Declare = Callable[[str, str], Path]
Run = Callable[..., Result]

LATELY, LONG_AGO = datetime(2017, 10, 30), datetime(2017, 1, 1)
CUSTOMERS = [
    (1, 20, 0.5, "Rome", True, LATELY),
    (2, 15, 0.1, "Rome", True, LONG_AGO),
    (3, 12, None, "Oslo", None, LONG_AGO),
    (4, 2, 0.9, None, False, LATELY),
    (5, 0, None, "anna@example.com", None, None),
]
MEMBERS = [("frequent", 1), ("frequent", 4), ("early", 2), ("early", 3), ("early", 4), ("nobodys_friends", 5)]


@pytest.fixture
def run(project: Project, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CDP_PROJECT", str(project.root))
    monkeypatch.setenv("COLUMNS", "150")
    app = typer.Typer()
    register(app)
    return lambda *arguments: CliRunner().invoke(app, ["segments", "preview", *map(str, arguments)])


@pytest.fixture
def published(project: Project) -> None:
    publish_customers(project, CUSTOMERS, MEMBERS)


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.exception
    answer: dict[str, Any] = json.loads(result.output)
    return answer


def refused(result: Result, kind: type[CdpError] = CdpError) -> str:
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


@pytest.mark.usefixtures("published")
def test_size_and_change_against_what_is_published(declare: Declare, run: Run) -> None:
    answer = told(run(declare("segments/frequent", "rule: {trait: orders_count, at_least: 12}"), "--json"))
    assert (answer["members"], answer["customers"], answer["as_of"]) == (3, 5, "2017-11-01 00:00:00")
    assert answer["change"] == {"members": 2, "enter": 2, "leave": 1}


@pytest.mark.usefixtures("published")
def test_each_part_stands_alone_and_after_those_before_it(declare: Declare, run: Run) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    rule = (
        "rule: {all: [{trait: orders_count, at_least: 12},"
        " {any: [{segment: romans}, {trait: coupon_share, known: true}]},"
        " {not: {trait: last_order_at, within_last: 30 days}}]}"
    )
    parts = told(run(declare("segments/lapsing", rule), "--json"))["parts"]
    assert [(part["depth"], part["asked"], part["customers"], part["left"]) for part in parts] == [
        (0, "orders_count is at least 12", 3, 3),
        (0, "any of", 3, 2),
        (1, "in segment romans", 2, None),
        (1, "coupon_share is known", 3, None),
        (0, "not last_order_at is within the last 30 days", 3, 1),
    ]


@pytest.mark.usefixtures("published")
def test_exceptions_stand_beside_the_parts_of_the_rule(declare: Declare, run: Run) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    rule = "rule: {all: [{trait: orders_count, at_least: 12}, {trait: city, known: true}]}\nexcept: [romans]"
    parts = told(run(declare("segments/lapsing", rule), "--json"))["parts"]
    assert [(part["depth"], part["left"]) for part in parts] == [(0, 3), (0, 3), (0, 1)]


@pytest.mark.usefixtures("published")
def test_overlaps_are_with_others_and_the_largest_first(declare: Declare, run: Run) -> None:
    file = declare("segments/frequent", "rule: {trait: orders_count, at_least: 2}")
    assert told(run(file, "--json"))["overlaps"] == [{"segment": "early", "customers": 3, "members": 3}]
    everybody = declare("segments/all_of_them", "rule: {not: {trait: orders_count, at_least: 100}}")
    found = told(run(everybody, "--json"))["overlaps"]
    assert [(each["segment"], each["customers"]) for each in found] == [
        ("early", 3),
        ("frequent", 2),
        ("nobodys_friends", 1),
    ]


@pytest.mark.usefixtures("published")
def test_a_file_anywhere_is_read_as_if_it_were_declared(declare: Declare, run: Run, tmp_path: Path) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("segments/frequent", "rule: {trait: orders_count, at_least: 12}")
    draft = tmp_path / "desk" / "frequent.yml"
    draft.parent.mkdir()
    draft.write_text("name: frequent\ndescription: Draft.\nowner: crm\nrule: {segment: romans}\n")
    answer = told(run(draft, "--json"))
    assert (answer["members"], answer["change"]) == (2, {"members": 2, "enter": 1, "leave": 1})


@pytest.mark.usefixtures("published")
def test_no_name_or_address_is_shown_in_full(declare: Declare, run: Run) -> None:
    file = declare(
        "segments/some", "rule: {any: [{trait: city, in: [Oslo, Bonn]}, {not: {trait: city, known: false}}]}"
    )
    cities = {row["customer_id"]: row["city"] for row in told(run(file, "--json"))["sample"]}
    assert cities == {1: "R…", 2: "R…", 3: "Oslo", 5: "a…@…"}
    printed = run(file).output
    assert "a…@…" in printed and "anna" not in printed


@pytest.mark.parametrize(
    ("text", "shown"), [(None, None), ("", ""), ("x", "x…"), ("@", "@…"), ("b\nc@d", "b…@…"), ("+49 30 1", "+…")]
)
def test_what_a_mask_leaves(text: str | None, shown: str | None) -> None:
    assert masked(text) == shown


@pytest.mark.usefixtures("published")
def test_a_person_reads_sentences_and_tables(declare: Declare, run: Run) -> None:
    printed = run(declare("segments/novel", "rule: {trait: orders_count, at_least: 12}")).output
    assert "novel: 3 of 5 customers (60.0%) as of 2017-11-01 00:00:00 (UTC)." in printed
    assert "No segment of that name is published." in printed
    assert "left after it" in printed and "of that segment" in printed


@pytest.mark.usefixtures("published")
def test_a_segment_of_nobody_is_told_like_any_other(declare: Declare, run: Run) -> None:
    result = run(declare("segments/frequent", "rule: {trait: orders_count, more_than: 1000}"))
    assert "frequent: 0 of 5 customers (0.0%)" in result.output
    assert "Published are 2 members: 0 would enter, 2 would leave." in result.output


@pytest.mark.usefixtures("published")
def test_what_is_wrong_is_told_with_file_and_line(declare: Declare, run: Run, tmp_path: Path) -> None:
    assert "frequent.yml:4: there is no trait `orders`." in refused(
        run(declare("segments/frequent", "rule: {trait: orders, at_least: 12}")), DeclarationError
    )
    assert "there is no segment `roman`" in refused(
        run(declare("segments/other", "rule: {segment: roman}")), DeclarationError
    )
    assert "missing.yml: the file does not exist." in refused(run(tmp_path / "missing.yml"), DeclarationError)
    draft = tmp_path / "draft.yml"
    draft.write_text("name: draft\ndescription: Draft.\nowner: crm\nrule:\n  trait: city\n  is: 3\n  colour: red\n")
    said = refused(run(draft), DeclarationError)
    assert f"{draft}:6: " in said and f"{draft}:7: " in said
    assert "cdp-preview-" not in said


@pytest.mark.usefixtures("published")
def test_an_unsound_neighbour_is_in_nobodys_way_unless_it_is_asked(declare: Declare, run: Run) -> None:
    declare("segments/broken", "rule: {trait: city, is: 3}")
    assert told(run(declare("segments/romans", "rule: {trait: city, is: Rome}"), "--json"))["members"] == 2
    said = refused(run(declare("segments/friends", "rule: {segment: broken}")), DeclarationError)
    assert "broken.yml:4: `city` `is`" in said


def test_a_hand_written_model_is_previewed_where_it_is_published(project: Project, declare: Declare, run: Run) -> None:
    for model in ("seg_growing", "seg_unbuilt"):
        (project.dbt_project / f"models/{model}.sql").write_text("select 1 as customer_id")
    listed = [(1,), (1,), (2,), (None,)]
    publish_customers(project, CUSTOMERS, MEMBERS, seg_growing=("customer_id bigint", listed))
    answer = told(run(declare("segments/growing", "model: seg_growing"), "--json"))
    assert (answer["members"], answer["parts"]) == (2, [])
    said = refused(run(declare("segments/unbuilt", "model: seg_unbuilt")))
    assert "unbuilt.yml: the published generation has no `seg_unbuilt`, which `unbuilt` asks." in said


def test_a_trait_that_was_never_built(project: Project, declare: Declare, run: Run) -> None:
    publish_customers(project, CUSTOMERS)
    sheet = project.dbt_project / "models/marts/customers/_customers__models.yml"
    sheet.write_text(f"{sheet.read_text()}      - {{name: mood, data_type: varchar}}\n")
    said = refused(run(declare("segments/merry", "rule: {trait: mood, is: merry}")))
    assert "the published generation has no `mood` in `dim_customer_traits`, which `merry` asks." in said


def test_nothing_is_published_yet(declare: Declare, run: Run) -> None:
    said = refused(run(declare("segments/romans", "rule: {trait: city, is: Rome}")), ConfigurationError)
    assert said == "nothing has been built yet. Run `cdp run` first."
