"""`cdp land` and `cdp rejects`, as the shell runs them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from cdp.errors import BusyError, LandingError
from cdp.landing import gatekeeper
from cdp.landing.commands import register
from cdp.store import open_store
from tests.doubles.inbox import Company

Run = Callable[..., Result]


@pytest.fixture
def run(company: Company, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CDP_PROJECT", str(company.root))
    # What other rooms ask of a landing is theirs to test.
    monkeypatch.setattr(gatekeeper, "_gates", [])
    app = typer.Typer()
    register(app)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_landing_ends_with_its_numbers(company: Company, run: Run) -> None:
    company.deliver("people/1.csv", "person_id,email,orders\n1,,2\n2,,x\n")
    landed = run("land", "--json")
    assert landed.exit_code == 0
    (table,) = json.loads(landed.output)["tables"]
    assert table == {
        "table": "raw_files.people",
        "files": 1,
        "duplicates": 0,
        "lines_in": 2,
        "landed": 1,
        "rejected": 1,
        "refused": 0,
        "refusals": [],
    }
    assert "Nothing new" in run("land").output


def test_a_refused_file_is_named_and_ends_with_its_exit_code(company: Company, run: Run) -> None:
    company.deliver("people/1.csv", "person_id\n1\n")
    company.deliver("people/2.csv", "name\nx\n")
    landed = run("land")
    assert "people/2.csv" in landed.output
    assert isinstance(landed.exception, LandingError)
    assert landed.exception.exit_code == 5
    assert len(company.rows("people")) == 1


def test_a_second_landing_waits_its_turn(company: Company, run: Run) -> None:
    store = open_store(company.project.store_url)
    company.deliver("people/1.csv", "person_id\n1\n")
    with store.lease("landing"):
        assert isinstance(run("land").exception, BusyError)
    store.close()
    assert company.lake.last_batch() == 0
    assert run("land").exit_code == 0


def test_rejects_are_counted_and_only_shown_when_asked(company: Company, run: Run) -> None:
    company.deliver("people/1.csv", "person_id,email,orders\n1,anna@example.com,x\n2,,y\n,,3\n")
    company.deliver("events/1.ndjson", '{"messageId": "1"}\nbroken\n')
    run("land")
    counted = json.loads(run("rejects", "--json").output)
    assert [(row["table"], row["reason"], row["lines"]) for row in counted] == [
        ("files.people", "`orders` is not a bigint", 2),
        ("files.events", "not a JSON object in UTF-8", 1),
        ("files.people", "the required `person_id` is empty", 1),
    ]
    assert "anna" not in run("rejects").output
    shown = json.loads(run("rejects", "--show", "--limit", "2", "--json").output)
    assert [(row["path"], row["line"]) for row in shown] == [("events/1.ndjson", 2), ("people/1.csv", 2)]


def test_rejects_of_a_source_that_nobody_declared_are_not_none(run: Run) -> None:
    assert "Nothing has been set aside" in run("rejects", "--source", "files").output
    assert "there is no source `file`. Did you mean `files`?" in str(run("rejects", "--source", "file").exception)
