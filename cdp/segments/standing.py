"""Segments that stand although their files are broken: as they were compiled before, so that nobody leaves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cdp.declarations.problems import together
from cdp.declarations.segments import Segment, Segments, read_segments
from cdp.errors import DeclarationError
from cdp.project import Project

_DECLARED = "-- declared as "
# dbt's templates are filled in within comments too.
_TEMPLATE_MARK = re.compile(r"\{(?=[{%#])")


def declared_as(segment: Segment) -> str:
    """The declaration as a line of SQL comment, from which `standing_segments` reads it again."""
    text = json.dumps(segment.declared, ensure_ascii=True)
    return _DECLARED + _TEMPLATE_MARK.sub(r"\\u007b", text)


def standing_segments(project: Project, compiled: Path) -> tuple[Segments, list[DeclarationError]]:
    """Every segment, a broken one as its file in `compiled` has it, and all complaints.

    A broken segment that was never compiled is left out: nobody is in it yet.
    Raises DeclarationError where one that was compiled cannot stand as it was.
    """
    segments, problems = read_segments(project)
    complaints, instead = list(problems), dict[str, Any]()
    while problems:
        known = {name: _before(compiled / f"{name}.sql") for name in _names(problems)}
        kept = {name: content for name, content in known.items() if content is not None}
        if not known or kept.keys() & instead.keys():
            raise together(complaints)
        left_out = known.keys() - kept.keys()
        if not kept.keys() - instead.keys():
            return {name: each for name, each in segments.items() if name not in left_out}, complaints
        instead |= kept
        segments, problems = read_segments(project, instead)
        complaints += [each for each in problems if str(each) not in set(map(str, complaints))]
    return segments, complaints


def _names(problems: Iterable[DeclarationError]) -> set[str]:
    """The segments that problems are about."""
    return {each.where.file.stem for each in problems if each.where and each.where.file.parent.name == "segments"}


def _before(file: Path) -> Any:
    """What the segment was declared as when it was compiled; None if it never was."""
    if not file.is_file():
        return None
    lines = file.read_text("utf-8").splitlines()
    found = next((line for line in lines if line.startswith(_DECLARED)), None)
    return json.loads(found.removeprefix(_DECLARED)) if found else {}
