"""Pairs of records by what they agree on, and by what there is to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]
Levels: TypeAlias = npt.NDArray[np.int64]
Cell: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Candidate pairs by what they agree on: levels per comparison (-1: nothing to compare), and how many pairs."""

    levels: Mapping[str, Levels]
    pairs: Numbers

    def cells(self, comparisons: Sequence[str]) -> list[Cell]:
        """The levels of some comparisons, per pattern."""
        columns = [self.levels[name].tolist() for name in comparisons]
        return list(zip(*columns, strict=True)) if columns else [()] * len(self.pairs)

    def showing(self) -> list[frozenset[str]]:
        """Which comparisons have something to compare, per pattern."""
        names = list(self.levels)
        return [
            frozenset(name for name, level in zip(names, cell, strict=True) if level >= 0) for cell in self.cells(names)
        ]


@dataclass(frozen=True, slots=True)
class Population:
    """All pairs there are, by which comparisons have something to compare."""

    showing: Mapping[frozenset[str], float]

    @property
    def pairs(self) -> float:
        return sum(self.showing.values())

    def comparable(self, comparison: str) -> float:
        """Pairs in which a comparison has something to compare."""
        return sum(pairs for shown, pairs in self.showing.items() if comparison in shown)

    def showing_just(self, shown: frozenset[str], among: frozenset[str]) -> float:
        """Pairs in which, of some comparisons, just these have something to compare."""
        return sum(pairs for all_shown, pairs in self.showing.items() if all_shown & among == shown)
