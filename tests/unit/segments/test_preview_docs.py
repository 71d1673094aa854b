"""Every command of docs/segments-review.md, run as it is written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cdp.project import Project
from cdp.segments.commands import register
from tests.doubles.published import publish_customers
from tests.unit.segments.test_difference import commit

PAGE = Path(__file__).parents[3] / "docs/segments-review.md"
COMMANDS = re.findall(r"^\$ cdp (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
Declare = Callable[[str, str], Path]


@pytest.fixture
def company(project: Project, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A segment in a commit, changed since, and a draft of it."""
    publish_customers(project, [(1, 20, 0.5, "Rome", True, datetime(2017, 1, 1))], [("lapsing_loyal", 1)])
    file = declare("segments/lapsing_loyal", "rule: {trait: last_order_at, more_than_ago: 45 days}")
    commit(project.root)
    draft = project.root / "drafts" / file.name
    draft.parent.mkdir()
    draft.write_text(file.read_text())
    declare("segments/lapsing_loyal", "rule: {trait: last_order_at, more_than_ago: 450 days}")
    monkeypatch.chdir(project.root)
    return project


def test_the_page_has_commands() -> None:
    assert {shlex.split(command)[1] for command in COMMANDS} == {"preview", "diff"}


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_does_what_it_says(command: str) -> None:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.exception
    assert "lapsing_loyal" in result.output
