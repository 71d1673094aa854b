"""Trained weights as the seeds that scoring reads: nothing in them is about a person."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

WEIGHTS_SEED = "match_weights.csv"
SOURCES_SEED = "match_source_priors.csv"
NAMESAKES_SEED = "match_namesakes.csv"
SEEDS = (WEIGHTS_SEED, SOURCES_SEED, NAMESAKES_SEED)
PRIOR = "prior"

_WEIGHT_COLUMNS = ("comparison", "level", "m", "u", "household")
_SOURCE_COLUMNS = ("source_a", "source_b", "m")
_NAMESAKE_COLUMNS = ("levels", "times")


@dataclass(frozen=True, slots=True)
class LevelWeight:
    """How often a level is reached: by records of one person (`m`), of strangers (`u`), of two of one household."""

    m: float
    u: float
    household: float


@dataclass(frozen=True, slots=True)
class MatchWeights:
    """Weights per comparison and level, from level 0 up; shares of all pairs that are matches or one household's.

    `sources` has the share of matches among the pairs of two sources, each pair of names in order; `namesakes` how many
    times as often as independence says strangers reach levels together (macro `name_levels`).
    """

    levels: Mapping[str, tuple[LevelWeight, ...]]
    match_share: float
    household_share: float
    sources: Mapping[tuple[str, str], float]
    namesakes: Mapping[str, float] = field(default_factory=dict)

    @staticmethod
    def write_untrained(folder: Path) -> None:
        """Write the seeds without a row: nothing is weighed, so nothing is linked."""
        _write(folder / WEIGHTS_SEED, _WEIGHT_COLUMNS, ())
        _write(folder / SOURCES_SEED, _SOURCE_COLUMNS, ())
        _write(folder / NAMESAKES_SEED, _NAMESAKE_COLUMNS, ())

    def write(self, folder: Path) -> None:
        """Write the seeds to `folder`."""
        shares = (PRIOR, 0, self.match_share, 1 - self.match_share, self.household_share)
        trained = (
            (name, level, weight.m, weight.u, weight.household)
            for name, weights in self.levels.items()
            for level, weight in enumerate(weights)
        )
        _write(folder / WEIGHTS_SEED, _WEIGHT_COLUMNS, (shares, *trained))
        by_source = ((one, other, share) for (one, other), share in sorted(self.sources.items()))
        _write(folder / SOURCES_SEED, _SOURCE_COLUMNS, by_source)
        _write(folder / NAMESAKES_SEED, _NAMESAKE_COLUMNS, sorted(self.namesakes.items()))


def _write(file: Path, header: tuple[str, ...], rows: Iterable[tuple[str | int | float, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{cell:.9g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
