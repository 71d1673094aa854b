"""The commands of this room, as the shell runs them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cdp.declarations.segments import load_segments
from cdp.errors import DeclarationError
from cdp.project import Project
from cdp.segments.commands import register
from cdp.segments.definitions import rule_fingerprint
from tests.doubles.published import DEFINITIONS, publish_customers

Declare = Callable[[str, str], Path]
Run = Callable[..., Result]


@pytest.fixture
def run(project: Project, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CDP_PROJECT", str(project.root))
    app = typer.Typer()
    register(app)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_check_names_the_stale_files_and_writes_nothing(project: Project, declare: Declare, run: Run) -> None:
    declare("segments/frequent", "rule: {trait: orders_count, at_least: 12}")
    checked = run("compile", "--check")
    assert checked.exit_code == 1
    assert "  dbt_project/analyses/segments/frequent.sql" in str(checked.exception)
    assert not (project.dbt_project / "analyses").exists()
    assert "12 written, 0 deleted" in run("compile").output
    assert "all current" in run("compile").output
    assert run("compile", "--check").exit_code == 0


def test_the_list_is_json_with_the_rule_in_words(declare: Declare, run: Run) -> None:
    declare(
        "segments/frequent",
        "rule: {any: [{trait: orders_count, between: [3, 5]}, {all: [{trait: city, in: [Rome, '[b]Oslo']},"
        " {not: {trait: is_online_buyer, known: false}}]}]}",
    )
    assert json.loads(run("segments", "list", "--json").output) == [
        {
            "name": "frequent",
            "owner": "crm",
            "kind": "rule",
            "who": "orders_count is between 3 and 5 or"
            " (city is one of “Rome”, “[b]Oslo” and not is_online_buyer is not known)",
        }
    ]
    assert "[b]Oslo" in run("segments", "list").output.replace("\n", "")


def test_a_broken_file_does_not_hide_the_others_from_the_list(declare: Declare, run: Run) -> None:
    declare("segments/broken", "rule: {trait: city, is: 3}")
    declare("segments/sound", "rule: {trait: city, is: Rome}")
    listed = run("segments", "list")
    assert "sound" in listed.output
    assert isinstance(listed.exception, DeclarationError)


def test_explain_names_the_nearest_segment(declare: Declare, run: Run) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    explained = run("explain", "customer", "7", "--segment", "roman")
    assert "Did you mean `romans`?" in str(explained.exception)
    assert isinstance(explained.exception, DeclarationError)


def test_a_broken_file_is_not_in_the_way_of_explaining_another(project: Project, declare: Declare, run: Run) -> None:
    publish_customers(project, [(7, 1, 0.5, "Rome", True, None)], [("romans", 7)])
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("segments/broken", "rule: {trait: city, is: 3}")
    assert "Customer 7 is in romans" in run("explain", "customer", "7", "--segment", "romans").output
    assert "not 3" in str(run("explain", "customer", "7", "--segment", "broken").exception)


def test_explain_says_where_the_rule_has_changed_since_the_build(project: Project, declare: Declare, run: Run) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    built = load_segments(project)
    definitions = [("romans", rule_fingerprint(built["romans"], built))]
    customers = [(7, 1, 0.5, "Rome", True, None)]
    publish_customers(project, customers, [("romans", 7)], int_segments__definitions=(DEFINITIONS, definitions))
    asked = ("explain", "customer", "7", "--segment", "romans")
    assert "has changed" not in run(*asked).output
    assert json.loads(run(*asked, "--json").output)["is_published_rule"]
    declare("segments/romans", "rule: {trait: city, is: Oslo}")
    answer = run(*asked)
    assert "Customer 7 is not in romans" in answer.output
    assert "The rule has changed since the last build" in answer.output
    assert not json.loads(run(*asked, "--json").output)["is_published_rule"]


def test_explain_names_the_nearest_audience(declare: Declare, run: Run) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("audiences/letter", "segment: romans\nchannel: email\npurpose: marketing")
    explained = run("explain", "customer", "7", "--audience", "leter")
    assert "there is no audience `leter`. Did you mean `letter`?" in str(explained.exception)


@pytest.mark.parametrize("named", [(), ("--segment", "romans", "--audience", "letter")])
def test_explain_wants_a_segment_or_an_audience(run: Run, named: tuple[str, ...]) -> None:
    assert "name one of the two" in str(run("explain", "customer", "7", *named).exception)


def test_a_moment_may_say_its_zone(project: Project, run: Run) -> None:
    product = Path(__file__).parents[3] / "dbt_project"
    shutil.copytree(product / "macros/portable", project.dbt_project / "macros/portable")
    shutil.copy(product / "dbt_project.yml", project.dbt_project)
    columns = "address varchar, purpose varchar, channel varchar, message_class varchar, is_granted boolean, "
    columns += (
        "decided_at timestamp, superseded_at timestamp, lawful_basis varchar, source_name varchar, form varchar, "
    )
    columns += "text_version varchar, text_sha256 varchar, locale varchar, event_id varchar"
    given = ("a@example.com", "marketing", "email", "marketing", True, datetime(2017, 10, 31, 7), None)
    publish_customers(
        project,
        [],
        fct_consent_periods=(columns, [(*given, "consent", "forms", "sign-up", "v1", "0", "en", "e1")]),
        fct_consent_events=("source_name varchar, event_id varchar, landed_at timestamp", [("forms", "e1", given[5])]),
        int_consent__suppressions=("address varchar, reason varchar, suppressed_at timestamp", []),
        int_consent__do_not_contact_addresses=("address varchar", []),
    )
    for at, standings in (("2017-10-31T09:00:00+02:00", 1), ("2017-10-31T08:59:00+02:00", 0)):
        told = run("explain", "consent", "a@example.com", "--at", at, "--json")
        assert told.exit_code == 0, told.exception
        assert len(json.loads(told.output)["standings"]) == standings
