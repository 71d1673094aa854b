"""The warehouse's own comparisons as a Splink model: it samples strangers, and is the oracle of the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from cdp.identity.patterns import Numbers
from cdp.identity.weights import MatchWeights

RECORDS = "comparable_people"
KEY = "record_key"
# Enough for shares of one in ten thousand; rarer levels are counted (`mixture`).
SAMPLED_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a comparison as the warehouse compares: a SQL condition over `<column>_l` and `<column>_r`."""

    number: int
    name: str
    condition: str
    term_frequency: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`levels` from the highest down to 0, after -1 (nothing to compare)."""

    name: str
    is_personal: bool
    follows_name: bool
    levels: tuple[Level, ...]

    @property
    def count(self) -> int:
        """Levels from 0 up."""
        return sum(level.number >= 0 for level in self.levels)


def linker(
    connection: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], weights: MatchWeights | None = None
) -> Any:
    """A Splink linker over the table `comparable_people` of `connection`, with `weights` where there are any."""
    from splink import DuckDBAPI, Linker, SettingsCreator

    api = DuckDBAPI(connection=connection)
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=KEY,
        comparisons=[_settings(comparison, weights) for comparison in comparisons],
        retain_intermediate_calculation_columns=False,
        probability_two_random_records_match=weights.match_share if weights else 1e-4,
    )
    return Linker(api.register(RECORDS), settings, log_level=None)


def sampled_strangers(
    connection: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], seed: int
) -> dict[str, Numbers]:
    """The share of random pairs that reach each level, from 0 up; only comparisons of which a sample says anything."""
    model = linker(connection, comparisons)
    model.training.estimate_u_using_random_sampling(
        max_pairs=SAMPLED_PAIRS + 1, seed=seed, min_count_per_level=None, num_chunks=1
    )
    sampled = {}
    for comparison in model.misc.save_model_to_json()["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        shares = np.array([level.get("u_probability") or 0.0 for level in reversed(levels)])
        if shares.sum() > 0:
            sampled[comparison["output_column_name"]] = shares
    return sampled


def _settings(comparison: Comparison, weights: MatchWeights | None) -> dict[str, Any]:
    return {
        "output_column_name": comparison.name,
        "comparison_levels": [_level_settings(comparison.name, level, weights) for level in comparison.levels],
    }


def _level_settings(comparison: str, level: Level, weights: MatchWeights | None) -> dict[str, Any]:
    if level.number < 0:
        return {"sql_condition": level.condition, "label_for_charts": level.name, "is_null_level": True}
    settings: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.name}
    if level.term_frequency:
        settings |= {"tf_adjustment_column": level.term_frequency, "disable_tf_exact_match_detection": True}
    if weights:
        weight = weights.levels[comparison][level.number]
        settings |= {"m_probability": weight.m, "u_probability": weight.u}
    return settings
