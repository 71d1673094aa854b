"""One segment's file, wherever it lies, read as if it lay in `activation/segments/` already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cdp.declarations.problems import together
from cdp.declarations.rule import Membership, leaves
from cdp.declarations.segments import ModelReference, Segment, Segments, read_segments
from cdp.errors import DeclarationError, Location
from cdp.project import Project

_SEGMENTS = "segments"


def read_draft(project: Project, file: Path) -> tuple[Segment, Segments]:
    """The segment that `file` declares, and all the project's segments with it in its place.

    Raises DeclarationError with every complaint about the file and about the segments it refers to.
    """
    if not file.is_file():
        raise DeclarationError("the file does not exist.", where=Location(file))
    with _as_if_declared(project, file) as links:
        segments, problems = read_segments(_at(project, links))
        concerned = {links / _SEGMENTS / f"{name}.yml" for name in _needed(segments, file.stem)}
        if found := [problem for problem in problems if problem.where and problem.where.file in concerned]:
            raise together([_of_real_file(problem) for problem in found])
    segment = replace(segments[file.stem], file=file)
    return segment, {**segments, segment.name: segment}


def _of_real_file(problem: DeclarationError) -> DeclarationError:
    """The complaint about what a link leads to."""
    assert problem.where is not None
    link, real = problem.where.file, problem.where.file.resolve()
    told = [text.replace(str(link), str(real)) for text in (problem.what, problem.remedy)]
    return DeclarationError(told[0], where=Location(real, problem.where.line), remedy=told[1])


def _at(project: Project, activation: Path) -> Project:
    return Project(project.root, project.settings.model_copy(update={"activation": activation}), project.document)


@contextmanager
def _as_if_declared(project: Project, file: Path) -> Iterator[Path]:
    """A folder of links to all of `activation/`, where `file` replaces any of its name."""
    with TemporaryDirectory(prefix="cdp-preview-") as folder:
        activation = Path(folder)
        (activation / _SEGMENTS).mkdir()
        for kept in project.activation.glob("*"):
            if kept.name != _SEGMENTS:
                (activation / kept.name).symlink_to(kept)
        for kept in (project.activation / _SEGMENTS).glob("*.yml"):
            if kept.stem != file.stem:
                (activation / _SEGMENTS / kept.name).symlink_to(kept)
        (activation / _SEGMENTS / f"{file.stem}.yml").symlink_to(file.resolve())
        yield activation


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
