"""`cdp demo …` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cdp.demo import judge
from cdp.demo.commands import demo_app
from cdp.errors import CdpError
from cdp.project import Project


@pytest.fixture
def cli(demo_project: Project, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("CDP_PROJECT", str(demo_project.root))
    return CliRunner()


def test_the_rules_name_every_rate(cli: CliRunner) -> None:
    printed = cli.invoke(demo_app, ["rules"], env={"COLUMNS": "200"}).output
    assert "above 1000" in printed
    assert "family_shared_device" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ["init", "--until", "yesterday"],
        ["init", "--customers", "0"],
        ["next-day", "--days", "0"],
        ["init", "--unknown"],
    ],
)
def test_bad_usage_is_refused_before_anything_is_written(
    cli: CliRunner, demo_project: Project, arguments: list[str]
) -> None:
    assert cli.invoke(demo_app, arguments).exit_code == 2
    assert not demo_project.state.exists()


@pytest.mark.parametrize("command", ["next-day", "score"])
def test_without_a_world_it_says_how_to_make_one(cli: CliRunner, command: str) -> None:
    error = cli.invoke(demo_app, [command]).exception
    assert isinstance(error, CdpError)
    assert "cdp demo init" in str(error)


def test_the_score_stands_beside_the_naive_one(
    cli: CliRunner, demo_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ["loyalty:card:1", "crm:contact:1", "crm:contact:2"]
    truth = demo_project.state / "demo/truth/records.parquet"
    write(truth, pa.table({"record_key": keys, "person_id": [1, 1, 2], "email_raw": ["a", "A", "b"]}))
    found = pa.table({"record_key": keys, "customer": [5, 5, 6]})
    shown = pa.table({"record_key": keys[:2], "identifier_type": ["email"] * 2, "identifier_value": ["a"] * 2})
    monkeypatch.setattr(judge, "published_customers", lambda project: found)
    monkeypatch.setattr(judge, "published_evidence", lambda project: shown)
    scores = json.loads(cli.invoke(demo_app, ["score", "--json"]).output)
    assert scores["customers"] == {"records": 3, "precision": 1.0, "recall": 1.0, "reachable_recall": 1.0, "f1": 1.0}
    assert scores["same_raw_email"]["recall"] == 0.0
    assert "1.0000" in cli.invoke(demo_app, ["score"]).output


def write(file: Path, table: pa.Table) -> None:
    file.parent.mkdir(parents=True)
    pq.write_table(table, file)
