"""The declared audiences, `activation/audiences/<name>.yml`: who may be reached, and where."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import Literal

from cdp.declarations.folder import Declaration, DeclaredName, declared_files, read_folder, read_header
from cdp.declarations.problems import together
from cdp.declarations.traits import nearest
from cdp.errors import DeclarationError
from cdp.project import Project

Channel = Literal["email", "sms", "ads"]


class Audience(Declaration):
    """Who of a segment may be reached through `channel` for `purpose`, the purpose that consent is given for."""

    segment: str
    channel: Channel
    purpose: DeclaredName


Audiences = dict[str, Audience]


def load_audiences(project: Project) -> Audiences:
    """Every audience by name, in the order of names.

    Raises DeclarationError with every complaint about every file.
    """
    audiences, problems = read_audiences(project)
    if problems:
        raise together(problems)
    return audiences


def read_audiences(project: Project) -> tuple[Audiences, list[DeclarationError]]:
    """The audiences whose files are sound, and what is wrong with the others."""
    segments = {file.stem for file in declared_files(project.activation / "segments")}
    return read_folder(project.activation / "audiences", lambda file: _read_audience(file, segments))


def _read_audience(file: Path, segments: Set[str]) -> Audience:
    audience, document = read_header(Audience, file)
    if audience.segment not in segments:
        raise DeclarationError(
            f"there is no segment `{audience.segment}`.",
            where=document.at("segment"),
            remedy=nearest(audience.segment, segments, "activation/segments"),
        )
    return audience
