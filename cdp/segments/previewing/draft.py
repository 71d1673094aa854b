"""One segment's file, wherever it lies, read as if it lay in `activation/segments/` already."""

from __future__ import annotations

from pathlib import Path

from cdp.declarations.problems import together
from cdp.declarations.rule import Membership, leaves
from cdp.declarations.segments import ModelReference, Segment, Segments, read_segments
from cdp.errors import DeclarationError, Location
from cdp.project import Project


def read_draft(project: Project, file: Path) -> tuple[Segment, Segments]:
    """The segment that `file` declares, and all the project's segments with it in its place.

    Raises DeclarationError with every complaint about the file and about the segments it refers to.
    """
    if not file.is_file():
        raise DeclarationError("the file does not exist.", where=Location(file))
    segments, problems = read_segments(project, draft=file)
    folder = project.activation / "segments"
    concerned = {folder / f"{name}.yml" for name in _needed(segments, file.stem) - {file.stem}} | {file}
    if found := [problem for problem in problems if problem.where and problem.where.file in concerned]:
        raise together(found)
    return segments[file.stem], segments


def _needed(segments: Segments, name: str) -> set[str]:
    """`name`, and every segment that it refers to, directly or not; also those whose files are unsound."""
    found, waiting = set[str](), [name]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        definition = segments[current].definition if current in segments else None
        if definition is not None and not isinstance(definition, ModelReference):
            waiting += [leaf.segment for leaf in leaves(definition) if isinstance(leaf, Membership)]
    return found
