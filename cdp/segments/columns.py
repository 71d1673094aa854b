"""The generated columns that rules ask for, by the relation that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cdp.declarations.computed import CalendarCheck, EventFact, Happened, SampleBucket, TopRank
from cdp.declarations.rule import Condition, Rule, leaves
from cdp.errors import DeclarationError
from cdp.segments.ranks import Asked

MOST_COLUMNS = 1_500  # PostgreSQL holds 1,600 in a table


@dataclass(frozen=True, slots=True)
class GeneratedColumns:
    facts: frozenset[EventFact | Happened]
    ranks: frozenset[Asked]


def columns_of(rules: Iterable[Rule], declared: Iterable[EventFact]) -> GeneratedColumns:
    """What the leaves of `rules` compare, and every declared trait.

    Raises DeclarationError where that is more than a table holds.
    """
    traits = {leaf.trait for rule in rules for leaf in leaves(rule) if isinstance(leaf, Condition)}
    ranks = {trait for trait in traits if isinstance(trait, TopRank | SampleBucket | CalendarCheck)}
    read = {each.by if isinstance(each, TopRank) else each.of for each in ranks if not isinstance(each, SampleBucket)}
    facts = {trait for trait in traits | read if isinstance(trait, EventFact | Happened)}
    columns = GeneratedColumns(frozenset(facts.union(declared)), frozenset(ranks))
    for held, asked in ((columns.facts, "events"), (columns.ranks, "ranks, samples and calendar days")):
        if len(held) > MOST_COLUMNS:
            raise DeclarationError(
                f"the segments ask {len(held):,} things about {asked}; at most {MOST_COLUMNS:,} are answered.",
                remedy="Let segments share their windows, or refer to each other.",
            )
    return columns
