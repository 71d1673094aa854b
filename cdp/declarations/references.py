"""Segments that refer to segments: known, free of cycles, and small enough once written out."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

from cdp.declarations.rule import All, AnyOf, Condition, Membership, Not, Rule, leaves
from cdp.declarations.rule_reader import DEEPEST
from cdp.declarations.traits import nearest
from cdp.errors import DeclarationError, Location

MOST_CONDITIONS = 1_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a rule is with the segments it refers to written out."""

    depth: int
    conditions: int


_LEAF = Extent(1, 1)


class CircleError(DeclarationError):
    """Segments that refer to each other; `members` are their names."""

    members: frozenset[str] = frozenset()


def check_references(
    rules: Mapping[str, Rule], files: Mapping[str, Path], left_out: Set[str] = frozenset()
) -> list[DeclarationError]:
    """What is wrong between the segments. `files` also has those that are no sound rule, and those of `left_out`."""
    links = {name: _memberships(rule) for name, rule in rules.items()}
    broken = [
        _dangling(link, files)
        for held in links.values()
        for link in held
        if link.segment not in files or link.segment in left_out
    ]
    cycles = _cycles(links)
    return broken + cycles + ([] if cycles else _oversized(rules, files))


def _dangling(link: Membership, files: Mapping[str, Path]) -> DeclarationError:
    if link.segment in files:
        told = f"the segment `{link.segment}` is left out: its own file is broken."
        return DeclarationError(told, where=link.where)
    remedy = nearest(link.segment, files, "activation/segments")
    return DeclarationError(f"there is no segment `{link.segment}`.", where=link.where, remedy=remedy)


def _order(rules: Mapping[str, Rule]) -> list[str]:
    """The names of `rules`, each after those it refers to."""
    graph = {name: [link.segment for link in _memberships(rule)] for name, rule in rules.items()}
    return [name for name in TopologicalSorter(graph).static_order() if name in rules]


def _memberships(rule: Rule) -> list[Membership]:
    return [leaf for leaf in leaves(rule) if isinstance(leaf, Membership)]


def _cycles(links: Mapping[str, list[Membership]]) -> list[DeclarationError]:
    remaining = {name: [link.segment for link in held] for name, held in links.items()}
    problems: list[DeclarationError] = []
    while True:
        try:
            TopologicalSorter(remaining).prepare()
            return problems
        except CycleError as error:
            # graphlib lists each node before the ones that refer to it, the first again at the end.
            cycle = error.args[1][::-1]
            problems.append(_circle(cycle, links))
            del remaining[cycle[0]]


def _circle(cycle: list[str], links: Mapping[str, list[Membership]]) -> CircleError:
    """`cycle` has the first of its members again at its end."""
    said = [
        next(link.where for link in links[name] if link.segment == following) for name, following in pairwise(cycle)
    ]
    elsewhere = f" See also {', '.join(map(str, said[1:]))}." if said[1:] else ""
    told = f"segments refer to each other in a circle: {' → '.join(cycle)}.{elsewhere}"
    problem = CircleError(told, where=said[0], remedy="Take one of these references out.")
    problem.members = frozenset(cycle)
    return problem


def _oversized(rules: Mapping[str, Rule], files: Mapping[str, Path]) -> list[DeclarationError]:
    extents: dict[str, Extent] = {}
    problems = []
    for name in _order(rules):
        extent = _extent(rules[name], extents)
        extents[name] = extent if _fits(extent) else _LEAF
        if not _fits(extent):
            problems.append(
                DeclarationError(
                    f"`{name}` has {extent.conditions} conditions, {extent.depth} levels deep, with the segments it "
                    f"refers to; at most {MOST_CONDITIONS} and {DEEPEST} are allowed.",
                    where=Location(files[name]),
                    remedy="Refer to fewer segments, or write a model for it.",
                )
            )
    return problems


def _fits(extent: Extent) -> bool:
    return extent.depth <= DEEPEST and extent.conditions <= MOST_CONDITIONS


def _extent(rule: Rule, extents: Mapping[str, Extent]) -> Extent:
    match rule:
        case Condition():
            return _LEAF
        case Membership(segment):
            target = extents.get(segment, _LEAF)
            return Extent(target.depth + 1, target.conditions)
        case Not(child):
            inner = _extent(child, extents)
            return Extent(inner.depth + 1, inner.conditions)
        case All(children) | AnyOf(children):
            parts = [_extent(child, extents) for child in children]
            return Extent(1 + max(part.depth for part in parts), sum(part.conditions for part in parts))
