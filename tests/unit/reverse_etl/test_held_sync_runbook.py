"""docs/runbooks/held-sync.md, command by command, as somebody would type them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from reverse_etl.commands import register
from tests.doubles.company import REPOSITORY, Company
from tests.doubles.served import KEYS, served_sandbox

PAGE = REPOSITORY / "docs" / "runbooks" / "held-sync.md"
NEWS, SYNC = "sync_esp__newsletter", "esp_newsletter"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Type = Callable[[str], int]


def commands() -> list[list[str]]:
    """Those of each block of the page."""
    return [block.splitlines() for block in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]


def people(count: int) -> list[tuple[object, ...]]:
    return [("not-an-address", 99, None, None, None, None)] + [
        (f"anna{number}@example.com", number, "Anna", "K", "Kazan", None) for number in range(count)
    ]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Type:
    app = typer.Typer()
    register(app)
    for name, key in KEYS.items():
        monkeypatch.setenv(f"CDP_TEST_{name.upper()}_KEY", key)

    def type_(command: str) -> int:
        words = shlex.split(command.replace("NAME", SYNC).replace("KEY", "anna1@example.com"))
        assert words[0] == "cdp"
        return CliRunner().invoke(app, words[1:], input="y\n").exit_code

    return type_


def test_the_page_as_written(tmp_path: Path, typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    released, retried, reconciled, begun_anew, removed, resolved = _by_purpose()
    with served_sandbox(tmp_path / "tools") as sandbox:
        company = Company(tmp_path / "company", sandbox.url)
        monkeypatch.chdir(company.root)
        company.publish(NEWS, people(30))
        assert typed(f"cdp sync run {SYNC}") == 0
        company.publish(NEWS, people(2))
        assert typed(f"cdp sync run {SYNC}") == 4
        assert [typed(command) for command in released] == [0, 0]
        assert len(sandbox.state.members("esp", "newsletter")) == 2
        assert [typed(command) for command in retried] == [0, 0, 0]
        assert typed(reconciled) == 0
        sandbox.state.apply(("esp", "newsletter"), "remove", [("anna1@example.com", "{}")])
        assert typed(reconciled) == 1
        assert [typed(command) for command in begun_anew] == [0, 0]
        assert typed(reconciled) == 0
        assert [typed(command) for command in removed] == [0]
        assert sandbox.state.members("esp", "newsletter") == {}
        assert [typed(command) for command in resolved] == [1], "no answer of this tool is missing"


def _by_purpose() -> tuple[list[str], list[str], str, list[str], list[str], list[str]]:
    released, retried, begun_anew, removed, resolved = commands()
    reconciled = re.findall(r"`(cdp sync reconcile \w+)`", PAGE.read_text(encoding="utf-8"))
    return released, retried, reconciled[0], begun_anew, removed, resolved
