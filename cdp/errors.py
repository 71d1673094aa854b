"""Errors written for the person who reads them: what went wrong, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file that a person wrote."""

    file: Path
    line: int | None = None

    def __str__(self) -> str:
        try:
            shown = self.file.resolve().relative_to(Path.cwd())
        except ValueError:
            shown = self.file
        return f"{shown}:{self.line}" if self.line else str(shown)


class CdpError(Exception):
    """A failure a person can act on.

    `exit_code` is what the command line ends with; `remedy` is the next step, one sentence.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: Location | None = None, remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{remedy}"


class DeclarationError(CdpError):
    """A YAML declaration that does not say what it must."""

    exit_code = 2


class ConfigurationError(CdpError):
    """A setting or a credential that is missing or wrong."""

    exit_code = 2


class BusyError(CdpError):
    """Somebody else holds what this needs."""

    exit_code = 3


class GateError(CdpError):
    """A build that must not be published, or a sync that must not run."""

    exit_code = 4


class LandingError(CdpError):
    """A source that cannot be landed."""

    exit_code = 5
