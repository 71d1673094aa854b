"""`cdp.yml`'s company: its environment file and its clock."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from cdp.clock import FileClock
from cdp.errors import ConfigurationError
from cdp.project import Project


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "environ", {"KNOWN": "before"})
    (tmp_path / "cdp.yml").write_text("name: test\n")
    return tmp_path / ".env"


def test_the_environment_file_fills_what_nobody_has_set(environment: Path) -> None:
    environment.write_text('# a remark = none\nKNOWN=after\nexport NEW = "x=y"\n\nno assignment\n')
    Project.load(environment.parent)
    assert {name: os.environ.get(name) for name in ("KNOWN", "NEW", "export NEW", "")} == {
        "KNOWN": "before",
        "NEW": "x=y",
        "export NEW": None,
        "": None,
    }


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"A=1\n=secret\n", ".env:2: this is not NAME=value"), (b"A=se\0cret", ".env:1: "), (b"A=\xffsecret", "UTF-8")],
)
def test_an_environment_file_that_is_none_is_told_without_its_content(
    environment: Path, content: bytes, complaint: str
) -> None:
    environment.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        Project.load(environment.parent)
    assert complaint in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_clock_with_an_offset_tells_utc(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    file.write_text('{"as_of": "2024-05-01T06:00:00+03:00"}')
    assert FileClock(file).now() == datetime(2024, 5, 1, 3)
