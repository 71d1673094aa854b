"""How the `cdp` command ends when something goes wrong: one sentence, an exit code, nobody's data."""

from __future__ import annotations

import errno
import os

import pytest

from cdp.cli import main as main_module
from cdp.errors import GateError


def ended_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> object:
    def fail() -> None:
        raise error

    monkeypatch.setattr(main_module, "entry_points", lambda group: [])
    monkeypatch.setattr(main_module, "app", fail)
    with pytest.raises(SystemExit) as caught:
        main_module.main()
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (GateError("the gate holds."), 4, "the gate holds"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/x"), 1, "/var/x: this command stopped: No space left"),
        (ValueError("anna@example.com"), 1, "this command broke: ValueError at test_main.py:"),
    ],
)
def test_a_failure_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int, told: str
) -> None:
    assert ended_with(monkeypatch, error) == code
    said = " ".join(capsys.readouterr().err.split())
    assert told in said
    assert "Traceback" not in said and "anna" not in said


def test_who_wants_the_trace_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_TRACEBACK", "1")
    monkeypatch.setattr(main_module, "entry_points", lambda group: [])
    monkeypatch.setattr(main_module, "app", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main_module.main()
