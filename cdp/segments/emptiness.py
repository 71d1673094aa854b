"""Segments of nobody and of everybody, whatever the data: conditions that exclude each other, or leave no one out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cdp.declarations.rule import All, Not, Rule, leaves
from cdp.declarations.segments import ModelReference, Segment, Segments
from cdp.declarations.yaml_source import YamlDocument, read_yaml
from cdp.errors import DeclarationError, Location
from cdp.segments.masks.axes import Cuts
from cdp.segments.masks.boxes import TooManyBoxesError, boxes_of
from cdp.segments.predicates import written_out

Steps = tuple[str | int, ...]


def pointless_segments(segments: Segments) -> Iterator[DeclarationError]:
    """A warning for each such segment; of nobody, at the line of the condition that leaves nobody over."""
    for segment in segments.values():
        rule = segment.definition
        if isinstance(rule, ModelReference):
            continue
        if _is_nobody(rule, segments):
            path = _emptied_at(rule, segments, segment.declared, ("rule",))
            yield _warning(segment, "nobody: from this condition on, no customer can meet its rule.", path)
        elif _is_nobody(Not(rule), segments):
            yield _warning(segment, "everybody: every customer meets its rule.", ("rule",))


def _is_nobody(rule: Rule, segments: Segments) -> bool:
    rule = written_out(rule, segments)
    try:
        return not boxes_of(rule, Cuts(leaves(rule)))
    except TooManyBoxesError:
        return False


def _emptied_at(rule: Rule, segments: Segments, written: Any, path: Steps) -> Steps:
    """Where the rule, read from its start, first has nobody left."""
    if not isinstance(rule, All):
        return path
    place = next(n for n in range(len(rule.rules)) if _is_nobody(All(rule.rules[: n + 1]), segments))
    children = list(_children(written, path))
    if len(children) != len(rule.rules):  # several comparisons in one leaf
        return path
    if _is_nobody(rule.rules[place], segments):
        return _emptied_at(rule.rules[place], segments, written, children[place])
    return children[place]


def _children(written: Any, path: Steps) -> Iterator[Steps]:
    """Where the parts of the `All` at `path` stand; beside a whole rule, what it excepts."""
    here = written
    for step in path:
        here = here[step]
    if isinstance(here, dict) and "all" in here:
        yield from ((*path, "all", place) for place in range(len(here["all"])))
    else:
        yield path
    if path == ("rule",):
        yield from (("except", place) for place in range(len(written.get("except") or ())))


def _warning(segment: Segment, of_whom: str, path: Steps) -> DeclarationError:
    return DeclarationError(
        f"`{segment.name}` is a segment of {of_whom}", where=_place(segment.file, segment.declared, path)
    )


def _place(file: Path, declared: Any, path: Steps) -> Location:
    """The line of `path`; none where the file says something else by now than what stands."""
    try:
        document = read_yaml(file)
    except DeclarationError:
        document = YamlDocument(file, None, {})
    return document.at(*path) if document.content == declared else Location(file)
