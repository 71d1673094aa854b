"""What stands although its file is broken: declarations as they were compiled before, so that nobody leaves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdp.declarations.audiences import ReadAudiences, read_audiences
from cdp.declarations.problems import together
from cdp.declarations.references import CircleError
from cdp.declarations.segments import Segment, Segments, segments_of
from cdp.declarations.vocabulary import Vocabulary, read_vocabulary
from cdp.errors import DeclarationError
from cdp.project import Project

ANALYSES = Path("analyses/segments")
FACTS = Path("models/marts/segments/int_segments__event_facts.sql")
_DECLARED = "-- declared as "
AUDIENCES = Path("models/marts/audiences/int_audiences__definitions.sql")
_NOTE = re.compile(r"-- (trait|audience) (\w+) declared as (.*)")
# dbt's templates are filled in within comments too.
_TEMPLATE_MARK = re.compile(r"\{(?=[{%#])")


@dataclass(frozen=True, slots=True)
class Standing:
    """The segments and the words they are said in, broken ones as they were before; `problems` has all complaints.

    `left_out` are segments that were never compiled, and are broken or ask what is.
    """

    segments: Segments
    left_out: set[str]
    vocabulary: Vocabulary
    problems: list[DeclarationError]


def declared_as(segment: Segment) -> str:
    """The declaration as a line of SQL comment, from which `read_standing` reads it again."""
    return _DECLARED + _json(segment.declared)


def traits_declared_as(vocabulary: Vocabulary) -> list[str]:
    """The declared traits, each as such a line."""
    return _notes("trait", vocabulary.written)


def audiences_declared_as(read: ReadAudiences) -> list[str]:
    """The declared audiences, each as such a line."""
    return _notes("audience", read.written)


def read_standing(project: Project) -> Standing:
    """Every segment and trait, a broken one as it was compiled before.

    A broken one that was never compiled is left out, and so is what was never compiled and asks it: nobody is in it
    yet. Raises DeclarationError where one that was compiled cannot stand as it was.
    """
    vocabulary, problems = _standing_vocabulary(project)
    segments, left_out, others = _standing_segments(project, vocabulary, problems)
    return Standing(segments, left_out, vocabulary, problems + others)


def read_standing_audiences(project: Project, left_out: Set[str]) -> ReadAudiences:
    """Every audience, a broken one as it was compiled before; one that never was is left out: nobody is in it yet.

    Raises DeclarationError where one that was compiled cannot stand as it was.
    """
    read, file = read_audiences(project, left_out), project.dbt_project / AUDIENCES
    if not read.problems or not file.is_file():
        return read
    before, broken = _noted("audience", file), _names(read.problems, "audiences")
    instead = {name: before[name] for name in broken & before.keys()}
    if any(f"'{name}'" in file.read_text("utf-8") for name in broken - before.keys()):
        raise together(read.problems)  # compiled by a version that kept no notes
    standing = read_audiences(project, left_out, instead)
    if _names(standing.problems, "audiences") & instead.keys():
        raise together(read.problems)
    return replace(standing, problems=read.problems)


def _standing_vocabulary(project: Project) -> tuple[Vocabulary, list[DeclarationError]]:
    vocabulary, problems = read_vocabulary(project)
    before = _noted("trait", project.dbt_project / FACTS)
    instead = {name: before[name] for name in _names(problems, "traits") if name in before}
    if not instead:
        return vocabulary, problems
    vocabulary, others = read_vocabulary(project, instead)
    if _names(others, "traits") & instead.keys():
        raise together(problems)
    return vocabulary, problems


def _standing_segments(
    project: Project, vocabulary: Vocabulary, of_traits: list[DeclarationError]
) -> tuple[Segments, set[str], list[DeclarationError]]:
    """What stands, what is left out, and why; `of_traits` are told as well where nothing can stand."""
    complaints, instead, left_out = list[DeclarationError](), dict[str, Any](), set[str]()
    while True:
        segments, problems = segments_of(project, vocabulary, instead, left_out)
        known = {name: _before(project.dbt_project / ANALYSES / f"{name}.sql") for name in _names(problems, "segments")}
        complaints += [each for each in problems if not _names([each], "segments") & instead.keys()]
        if known.keys() & instead.keys():
            raise together(of_traits + complaints)
        if known.keys() <= left_out:
            return segments, left_out, list({str(each): each for each in complaints}.values())
        instead |= {name: content for name, content in known.items() if content is not None}
        left_out |= {name for name, content in known.items() if content is None}


def _names(problems: Iterable[DeclarationError], folder: str) -> set[str]:
    """The declarations in `folder` that problems are about."""
    files = {each.where.file for each in problems if each.where}
    names = {file.stem for file in files if file.parent.name == folder and file.suffix == ".yml"}
    return names.union(*(each.members for each in problems if isinstance(each, CircleError) and folder == "segments"))


def _before(file: Path) -> Any:
    """What the segment was declared as when it was compiled; None if it never was."""
    if not file.is_file():
        return None
    lines = file.read_text("utf-8").splitlines()
    found = next((line for line in lines if line.startswith(_DECLARED)), None)
    return json.loads(found.removeprefix(_DECLARED)) if found else {}


def _notes(kind: str, written: Mapping[str, Any]) -> list[str]:
    return [f"-- {kind} {name} declared as {_json(content)}" for name, content in sorted(written.items())]


def _noted(kind: str, file: Path) -> Mapping[str, Any]:
    """What each declaration of the kind was when `file` was compiled."""
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    notes = filter(None, map(_NOTE.fullmatch, lines))
    return {note[2]: json.loads(note[3]) for note in notes if note[1] == kind}


def _json(declared: Any) -> str:
    return _TEMPLATE_MARK.sub(r"\\u007b", json.dumps(declared, ensure_ascii=True))
