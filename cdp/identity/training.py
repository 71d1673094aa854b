"""Training of the match weights: unsupervised, on what the warehouse's own models compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import duckdb
import numpy as np
import pyarrow as pa
from sqlglot import parse_one
from sqlglot.expressions import Column

from cdp.errors import CdpError, ConfigurationError
from cdp.identity.mixture import Kinds, Mixture, learn
from cdp.identity.namesakes import Namesakes
from cdp.identity.patterns import Levels, Patterns, Population
from cdp.identity.splink_model import RECORDS, Comparison, Level, sampled_strangers
from cdp.identity.weights import LevelWeight, MatchWeights

SEED = 20_170_101
# Beyond these, sources are too many to say anything about each two of them.
MOST_SOURCES = 12
# Two sources of which no pair matches get this many matches, so that a first one is not impossible.
_LEAST_MATCHES = 0.25
_ROUNDS = 100
# A hundredth of a bit.
_TIMES_WORTH_WRITING = 1.007
_NEEDED = ("int_identity__match_records", "int_identity__match_rules", "int_identity__match_levels")


class NothingToLearnError(CdpError):
    """No two records can be compared."""


class Relations(Protocol):
    """What training asks of a warehouse."""

    def relation(self, model: str) -> str: ...

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader: ...


def check_built(reader: Relations) -> None:
    """Raises ConfigurationError where the published build has not compared records, or not with these models."""
    marks = ", ".join("?" for _ in _NEEDED)
    query = f"select count(distinct table_name) from information_schema.tables where table_name in ({marks})"
    if reader.query(query, _NEEDED).read_all().column(0)[0].as_py() < len(_NEEDED):
        raise ConfigurationError(
            "the published build has not compared any records.", remedy="Build with today's models first: cdp run."
        )


def train(reader: Relations, seed: int = SEED) -> MatchWeights:
    """Learn weights from the candidate pairs that a build has compared.

    Raises NothingToLearnError where no two records can be compared.
    """
    _check_compared(reader)
    comparisons = read_comparisons(reader)
    records = reader.query(f"select * from {reader.relation('int_identity__match_records')} order by record_key")
    with duckdb.connect() as engine:
        engine.register("arriving", records)
        engine.execute(f"create table {RECORDS} as select * from arriving")
        sampled = sampled_strangers(engine, _present(engine, comparisons), seed)
        population = _population(engine, [comparison for comparison in comparisons if comparison.name in sampled])
        patterns, by_source = _patterns(reader, list(sampled))
        mixture = learn(patterns, sampled, _kinds(comparisons), population, _count(engine))
        sources = _source_shares(mixture, by_source, _source_pairs(engine))
    namesakes = _by_level(mixture.namesakes, comparisons)
    return MatchWeights(_levels(mixture, patterns), mixture.match_share, mixture.household_share, sources, namesakes)


def _kinds(comparisons: Sequence[Comparison]) -> Kinds:
    return Kinds(
        [comparison.name for comparison in comparisons if comparison.is_personal],
        [comparison.name for comparison in comparisons if comparison.follows_name],
    )


def _count(engine: duckdb.DuckDBPyConnection) -> int:
    return int(engine.execute(f"select count(*) from {RECORDS}").fetchall()[0][0])


def _check_compared(reader: Relations) -> None:
    pairs = reader.query(f"select count(*) from {reader.relation('int_identity__match_levels')}").read_all()
    if not pairs.column(0)[0].as_py():
        raise NothingToLearnError(
            "no two records share what a blocking rule asks for, so there is nothing to learn from.",
            remedy="See `match_model.blocking` in dbt_project.yml, and whether records have names and addresses.",
        )


def read_comparisons(reader: Relations) -> list[Comparison]:
    """The comparisons as the warehouse has compiled them."""
    rows = reader.query(f"select * from {reader.relation('int_identity__match_rules')}").read_all().to_pylist()
    comparisons: dict[str, list[Level]] = {}
    for row in sorted(rows, key=lambda row: (row["position"], row["level"] >= 0, -row["level"])):
        level = Level(row["level"], row["level_name"], row["condition"], row["term_frequency"])
        comparisons.setdefault(row["comparison"], []).append(level)
    personal = {row["comparison"] for row in rows if row["is_personal"]}
    following = {row["comparison"] for row in rows if row["follows_name"]}
    return [
        Comparison(name, name in personal, name in following, tuple(levels)) for name, levels in comparisons.items()
    ]


def _present(engine: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Comparisons of which at least two records show something."""
    return [comparison for comparison in comparisons if _showing(engine, comparison) > 1]


def _showing(engine: duckdb.DuckDBPyConnection, comparison: Comparison) -> int:
    any_of = " or ".join(f"{column} is not null" for column in sorted(_needed(comparison)))
    return int(engine.execute(f"select count(*) from {RECORDS} where {any_of}").fetchall()[0][0])


def _population(engine: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison]) -> Population:
    """All pairs of records, by what both show of what each comparison needs."""
    columns = sorted({column for comparison in comparisons for column in _needed(comparison)})
    shown_bits = " + ".join(
        f"case when {column} is null then 0 else {1 << place} end" for place, column in enumerate(columns)
    )
    query = f"select cast({shown_bits} as bigint) as shown, count(*) from {RECORDS} group by shown order by shown"
    kinds, records = (np.array(column) for column in zip(*engine.execute(query).fetchall(), strict=True))
    both = kinds[:, None] & kinds[None, :]
    shown = np.zeros_like(both)
    for place, comparison in enumerate(comparisons):
        needed = sum(1 << columns.index(column) for column in _needed(comparison))
        shown |= ((both & needed) > 0).astype(np.int64) << place
    found, pairs_of = np.unique(shown, return_inverse=True)
    pairs = np.bincount(pairs_of.ravel(), weights=(np.outer(records, records) - np.diag(records)).ravel() / 2)
    return Population(
        {_named(int(bits), comparisons): float(count) for bits, count in zip(found, pairs, strict=True) if count}
    )


def _needed(comparison: Comparison) -> set[str]:
    """Of these columns, two records have to show the same one."""
    nothing = parse_one(comparison.levels[0].condition, dialect="duckdb")
    return {column.name.removesuffix("_l") for column in nothing.find_all(Column) if column.name.endswith("_l")}


def _named(shown: int, comparisons: Sequence[Comparison]) -> frozenset[str]:
    return frozenset(comparison.name for place, comparison in enumerate(comparisons) if shown >> place & 1)


def _patterns(reader: Relations, names: Sequence[str]) -> tuple[Patterns, list[tuple[tuple[str, str], Patterns]]]:
    """Candidate pairs by pattern: all of them, and those of each two sources."""
    levels = ", ".join(f"levels.{name}_level" for name in names)
    records = reader.relation("int_identity__match_records")
    counted = reader.query(
        f"select least(one.source_name, other.source_name) as source_a, "
        f"greatest(one.source_name, other.source_name) as source_b, {levels}, count(*) as pairs "
        f"from {reader.relation('int_identity__match_levels')} as levels "
        f"inner join {records} as one on levels.record_key_a = one.record_key "
        f"inner join {records} as other on levels.record_key_b = other.record_key "
        f"group by least(one.source_name, other.source_name), greatest(one.source_name, other.source_name), {levels} "
        f"order by 1, 2, {levels}"
    ).read_all()
    everyone = _as_patterns(counted.drop_columns(["source_a", "source_b"]), names)
    return everyone, [(key, _as_patterns(part, names)) for key, part in _by_source(counted)]


def _as_patterns(table: pa.Table, names: Sequence[str]) -> Patterns:
    levels = {name: table[f"{name}_level"].to_numpy().astype(np.int64) for name in names}
    return Patterns(levels, table["pairs"].to_numpy().astype(np.float64))


def _by_source(counted: pa.Table) -> list[tuple[tuple[str, str], pa.Table]]:
    import pyarrow.compute as pc

    keys = dict.fromkeys(zip(counted["source_a"].to_pylist(), counted["source_b"].to_pylist(), strict=True))
    return [
        (key, counted.filter(pc.and_(pc.equal(counted["source_a"], key[0]), pc.equal(counted["source_b"], key[1]))))
        for key in keys
    ]


def _source_pairs(engine: duckdb.DuckDBPyConnection) -> Callable[[tuple[str, str]], float]:
    """How many pairs of records two sources have; of one source with itself, half of the square."""
    rows = engine.execute(f"select source_name, count(*) from {RECORDS} group by source_name").fetchall()
    sizes: dict[str, int] = dict(rows)

    def pairs(sources: tuple[str, str]) -> float:
        one, other = sources
        return sizes[one] * (sizes[one] - 1) / 2 if one == other else float(sizes[one] * sizes[other])

    return pairs


def _source_shares(
    mixture: Mixture,
    by_source: Sequence[tuple[tuple[str, str], Patterns]],
    pairs: Callable[[tuple[str, str]], float],
) -> dict[tuple[str, str], float]:
    """The share of matches among the pairs of each two sources; a source without duplicates has none with itself."""
    if len({name for key, _ in by_source for name in key}) > MOST_SOURCES:
        return {}
    return {key: _share(mixture, patterns, max(pairs(key), 1.0)) for key, patterns in by_source}


def _share(mixture: Mixture, patterns: Patterns, all_pairs: float) -> float:
    match, household = mixture.log_odds(patterns)
    strangers = 1 - mixture.match_share - mixture.household_share
    against = 1 + np.exp(np.minimum(household, 200.0)) * mixture.household_share / strangers
    odds = np.exp(np.minimum(match, 200.0)) / against
    share = mixture.match_share
    for _ in range(_ROUNDS):
        found = share * odds / (share * odds + 1 - share)
        share = float((found * patterns.pairs).sum()) / all_pairs
    return min(max(share, _LEAST_MATCHES / all_pairs), 0.5)


def _by_level(namesakes: Namesakes, comparisons: Sequence[Comparison]) -> dict[str, float]:
    """Levels as the macro `name_levels` writes them; a comparison of which no records show anything has level -1."""
    following = [comparison.name for comparison in comparisons if comparison.follows_name]
    written = {}
    for cell, times in namesakes.times.items():
        levels = dict(zip(namesakes.comparisons, cell, strict=True))
        if times > _TIMES_WORTH_WRITING:
            written[" ".join(f"{name}:{levels.get(name, -1)}" for name in following)] = times
    return written


def _levels(mixture: Mixture, patterns: Patterns) -> dict[str, tuple[LevelWeight, ...]]:
    return {
        name: tuple(_weight(mixture, name, level, bool((reached == level).any())) for level in range(len(shares)))
        for (name, shares), reached in zip(mixture.matches.items(), _reached(mixture, patterns), strict=True)
    }


def _reached(mixture: Mixture, patterns: Patterns) -> list[Levels]:
    return [np.unique(patterns.levels[name]) for name in mixture.matches]


def _weight(mixture: Mixture, name: str, level: int, is_reached: bool) -> LevelWeight:
    """A level that no pair has reached says nothing, rather than what its smoothing says."""
    strangers = float(mixture.strangers[name][level])
    if not is_reached:
        return LevelWeight(strangers, strangers, strangers)
    return LevelWeight(float(mixture.matches[name][level]), strangers, float(mixture.household[name][level]))
