"""What each stage of a run took when it last ran; of what other is there, it is the newest that counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cdp.project import Project


def read_durations(project: Project) -> dict[str, float]:
    """Seconds by stage, empty before the first run."""
    try:
        found: dict[str, float] = json.loads(_file(project).read_text())
    except FileNotFoundError:
        return {}
    return found


def keep_durations(project: Project, seconds: Mapping[str, float]) -> None:
    """Put the stages of a run in the place of what they took before."""
    file = _file(project)
    unfinished = file.with_suffix(".tmp")
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_text(json.dumps({**read_durations(project), **seconds}, indent=1) + "\n")
    unfinished.replace(file)


def _file(project: Project) -> Path:
    return project.state / "durations.json"
