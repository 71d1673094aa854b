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

    `exit_code` is what the command line ends with; `remedy` is the next step, one sentence. One that `is_passing` may
    be gone in a minute: to try again is worth it.
    """

    exit_code = 1
    is_passing = False

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


class OtherModelsError(ConfigurationError):
    """A generation that lacks a table: other models built it than those that are here now."""


class BusyError(CdpError):
    """Somebody else holds what this needs."""

    exit_code = 3
    is_passing = True


class GateError(CdpError):
    """A build that must not be published, or a sync that must not run."""

    exit_code = 4


class LandingError(CdpError):
    """A source that cannot be landed."""

    exit_code = 5


class UnreachableError(LandingError):
    """A source that does not answer."""

    is_passing = True


def unexpected(doing: str, error: Exception) -> CdpError:
    """What nobody foresaw, told without the error's own words, for those may quote data."""
    if isinstance(error, OSError) and error.strerror:
        return CdpError(
            f"{doing} stopped: {error.strerror}.",
            where=Location(Path(str(error.filename))) if error.filename else None,
            remedy="Give it what it lacks (room on the disk, a folder that can be written), then run it again.",
        )
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return CdpError(
        f"{doing} broke: {type(error).__name__}{place}.",
        remedy="This is a defect of the code, not of the data; CDP_TRACEBACK=1 shows the way to it.",
    )
