"""Contacts with thirty traits, and segments over them: what `benchmarks.segments` measures with."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from cdp.declarations.rule import All, AnyOf, Condition, Duration, Not, Operator, Rule, leaves
from cdp.declarations.segments import Segment
from cdp.declarations.traits import Kind, Trait
from cdp.segments.literals import timestamp_literal
from cdp.segments.source import DbtSource

AS_OF = datetime(2024, 6, 1)
_KINDS = [Kind.WHOLE] * 12 + [Kind.NUMBER] * 5 + [Kind.TEXT] * 4 + [Kind.YES_NO] * 4 + [Kind.TIMESTAMP] * 5
TRAITS = [Trait(f"trait_{number}", kind) for number, kind in enumerate(_KINDS, start=1)]
_DRAWN = {
    Kind.WHOLE: "cast({h} % 100 as bigint)",
    Kind.NUMBER: "{h} % 100000 / 100.0",
    Kind.TEXT: "'city_' || {h} % 12",
    Kind.YES_NO: "{h} % 10 < 4",
    Kind.TIMESTAMP: "timestamp '2024-06-01' - to_hours(cast({h} % 8760 as integer))",
}


class Tables(DbtSource):
    """The source of compiled statements: tables under the models' own names, and one moment."""

    def relation(self, model: str) -> exp.Table:
        return exp.to_table(model)

    def as_of(self) -> exp.Expr:
        return timestamp_literal(AS_OF)


def contacts(size: int) -> str:
    """SQL of `size` contacts; every other trait is missing for one in sixteen."""
    columns = []
    for number, trait in enumerate(TRAITS):
        drawn = _DRAWN[trait.kind].format(h=f"(hash(i * 31 + {number}) // 64)")
        known = f"hash(i * 37 + {number}) % 16 > 0" if number % 2 else "true"
        columns.append(f"case when {known} then {drawn} end as {trait.name}")
    return f"select i as customer_id, {', '.join(columns)} from range({size}) as r (i)"


def segments(count: int, seed: int = 1) -> dict[str, Segment]:
    """Three conditions each; every fifth segment has alternatives, every tenth an exception."""
    rng = random.Random(seed)  # noqa: S311
    return {name: _segment(name, _rule(number, rng)) for number in range(count) for name in [f"segment_{number:04}"]}


def distinct_conditions(declared: Iterable[Segment]) -> int:
    return len({leaf for segment in declared for leaf in leaves(segment.definition)})  # type: ignore[arg-type]


def _segment(name: str, rule: Rule) -> Segment:
    return Segment(name, "…", "benchmark", Path(f"{name}.yml"), rule)


def _rule(number: int, rng: random.Random) -> Rule:
    first, second, third = (_condition(rng) for _ in range(3))
    if number % 10 == 9:
        return All((first, second, Not(third)))
    if number % 5 == 0:
        return All((first, second, AnyOf((third, _condition(rng)))))
    return All((first, second, third))


def _condition(rng: random.Random) -> Condition:
    trait = rng.choice(TRAITS)
    bounds = [Operator.AT_LEAST, Operator.MORE_THAN, Operator.AT_MOST, Operator.LESS_THAN]
    match trait.kind:
        case Kind.WHOLE:
            return Condition(trait, rng.choice(bounds), rng.randrange(1, 100))
        case Kind.NUMBER:
            return Condition(trait, rng.choice(bounds), float(rng.randrange(1, 20) * 50))
        case Kind.TEXT:
            cities = rng.sample(range(12), rng.randrange(1, 6))
            return Condition(trait, Operator.IN, tuple(f"city_{city}" for city in cities))
        case Kind.YES_NO:
            return Condition(trait, Operator.IS, rng.random() < 0.5)
        case _:
            window = rng.choice([Operator.WITHIN_LAST, Operator.MORE_THAN_AGO])
            return Condition(trait, window, Duration(rng.choice([7, 14, 30, 60, 90, 180, 270]), "day"))
