"""How many customers meet each part of a rule, and what is left after each part that must hold: where a rule cuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cdp.declarations.rule import All, AnyOf, Not, Rule
from cdp.declarations.segments import ModelReference, Segment
from cdp.segments.members import members_sql, part_of
from cdp.segments.words import rule_in_words
from cdp.warehouse.port import Reader


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the rule, `depth` levels in: how many customers meet it alone.

    `left` is how many meet it and the parts before it; None but for those that must all hold.
    """

    depth: int
    asked: str
    customers: int
    left: int | None


@dataclass(frozen=True, slots=True)
class _Asked:
    depth: int
    words: str
    rule: Rule
    so_far: Rule | None = None


def sized_parts(reader: Reader, segment: Segment, segments: Mapping[str, Segment]) -> list[Part]:
    """The parts in the order in which they are written, counted in one statement; none of a hand-written model."""
    if isinstance(segment.definition, ModelReference):
        return []
    asked = list(_outline(segment.definition))
    rules = list(dict.fromkeys(rule for part in asked for rule in (part.rule, part.so_far) if rule is not None))
    counted = " union all ".join(
        f"select {number} as number, count(*) as customers from ({members}) as part"
        for number, members in enumerate(members_sql(reader, part_of(segment, rule), segments) for rule in rules)
    )
    rows = reader.query(counted).read_all().to_pylist()
    sizes: dict[Rule | None, int] = {rules[row["number"]]: row["customers"] for row in rows}
    return [Part(part.depth, part.words, sizes[part.rule], sizes.get(part.so_far)) for part in asked]


def _outline(rule: Rule) -> Iterator[_Asked]:
    """What must all hold, part by part; of anything else, the whole first."""
    if not isinstance(rule, All):
        yield from _inside(rule, 0)
        return
    for position, part in enumerate(rule.rules, start=1):
        first, *inner = _inside(part, 0)
        yield _Asked(first.depth, first.words, first.rule, All(rule.rules[:position]))
        yield from inner


def _inside(rule: Rule, depth: int) -> Iterator[_Asked]:
    match rule:
        case All(rules) | AnyOf(rules):
            yield _Asked(depth, "all of" if isinstance(rule, All) else "any of", rule)
            for part in rules:
                yield from _inside(part, depth + 1)
        case Not(All() | AnyOf() | Not() as child):
            yield _Asked(depth, "not", rule)
            yield from _inside(child, depth + 1)
        case _:
            yield _Asked(depth, rule_in_words(rule), rule)
