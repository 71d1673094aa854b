"""What is wrong with an installation, one line per thing looked at, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Literal

from cdp.errors import CdpError, unexpected
from cdp.project import Project

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do where it is not well. No secret, no personal value."""

    check: str
    level: Level
    told: str
    remedy: str = ""


Check = Callable[[Project], Iterable[Finding]]


def examine(project: Project) -> list[Finding]:
    """Look at everything that a room has put under the entry points `cdp.checks`; a check that breaks is a finding."""
    checks = [each for entry in sorted(entry_points(group="cdp.checks"), key=_name) for each in entry.load()]
    return [finding for check in checks for finding in _looked(check, project)]


def failed(check: str, error: CdpError) -> Finding:
    """An error as a finding."""
    place = f"{error.where}: " if error.where else ""
    return Finding(check, "fail", f"{place}{error.what}", error.remedy)


def _looked(check: Check, project: Project) -> Iterator[Finding]:
    name = check.__name__.replace("_", " ").strip()
    try:
        yield from check(project)
    except CdpError as error:
        yield failed(name, error)
    except Exception as error:
        yield failed(name, unexpected(f"the look at {name}", error))


def _name(entry: object) -> str:
    return str(getattr(entry, "name", ""))
