"""`cdp init`: a folder that is complete, consistent, and nobody else's."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from cdp.declarations.sources import load_source_tables
from cdp.errors import ConfigurationError
from cdp.project import Project
from cdp.segments.compiler import compile_project, drift
from cdp.starter.begin import begin_project
from cdp.starter.commands import register

TODAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return begin_project(tmp_path_factory.mktemp("companies") / "acme: tea & co", TODAY)


def test_it_is_named_after_its_folder(project: Project) -> None:
    assert project.name == "acme: tea & co"


def test_what_the_compiler_generates_is_current(project: Project) -> None:
    assert not drift(project, compile_project(project))


def test_the_only_source_is_the_example(project: Project) -> None:
    tables = [table.qualified_name for table in load_source_tables(project.dbt_project)]
    assert tables == ["raw_feedback.events", "raw_shop.orders", "raw_suppression.listings", "raw_suppression.tokens"]
    variables = yaml.safe_load((project.dbt_project / "dbt_project.yml").read_text())["vars"]
    named = {source for name, sources in variables.items() if name.endswith("_sources") for source in sources}
    assert named == {"shop", "feedback", "syncs"}


def test_every_described_model_is_there_and_every_model_is_described(project: Project) -> None:
    models = {file.stem for file in (project.dbt_project / "models").rglob("*.sql")}
    described = [
        model["name"]
        for file in (project.dbt_project / "models").rglob("_*.yml")
        for model in (yaml.safe_load(file.read_text()) or {}).get("models") or []
    ]
    assert len(described) == len(set(described))
    assert set(described) == models


def test_the_example_ends_yesterday_and_names_nobody_real(project: Project) -> None:
    (file,) = (project.inbox / "shop").glob("*.csv")
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert max(row["ordered_at"] for row in rows).startswith("2026-02-28 ")
    assert {row["email"].rpartition("@")[2] for row in rows} == {"example.com", "example.org"}
    assert all(row["phone"].startswith("+120255501") for row in rows)


def test_people_and_credentials_stay_out_of_git(project: Project) -> None:
    assert {"/inbox/", "/var/", "/.env"} <= set((project.root / ".gitignore").read_text().splitlines())
    assert (project.root / ".env.example").is_file()


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="not an empty folder"):
        begin_project(tmp_path, TODAY)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigurationError, match="not an empty folder"):
        begin_project(file, TODAY)


def test_the_command_says_what_to_do_next(tmp_path: Path) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    told = CliRunner().invoke(app, ["init", str(tmp_path / "company")])
    assert told.exit_code == 0
    assert "cdp run" in told.output
    assert Project.load(tmp_path / "company").settings.clock.kind == "system"
