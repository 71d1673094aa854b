"""Strangers who share a name: what follows the name agrees together, not each by itself.

Two strangers called Anna Petrova agree on the given name, the family name and likely on much of the mailbox. Taken one
by one, that is strong evidence that they are one person. Blocking finds nearly all such pairs, so they are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cdp.identity.patterns import Cell, Numbers, Patterns, Population


@dataclass(frozen=True, slots=True)
class Namesakes:
    """How many times as often as independence says, and at least once, strangers reach levels of `comparisons`."""

    comparisons: tuple[str, ...] = ()
    times: Mapping[Cell, float] = field(default_factory=dict)

    def log_times(self, patterns: Patterns) -> Numbers:
        """Natural logarithm, per pattern."""
        return np.log([self.times.get(cell, 1.0) for cell in patterns.cells(self.comparisons)])


def count_namesakes(
    comparisons: Sequence[str],
    patterns: Patterns,
    strangers: Numbers,
    shares: Mapping[str, Numbers],
    population: Population,
) -> Namesakes:
    """Count in `strangers`, the expected strangers of each pattern; `shares` are theirs per level."""
    found: dict[Cell, float] = {}
    for cell, pairs in zip(patterns.cells(comparisons), strangers.tolist(), strict=True):
        found[cell] = found.get(cell, 0.0) + pairs
    among = frozenset(comparisons)
    times = {}
    for cell, pairs in found.items():
        levels = {name: level for name, level in zip(comparisons, cell, strict=True) if level >= 0}
        alone = float(np.prod([shares[name][level] for name, level in levels.items()]))
        expected = alone * population.showing_just(frozenset(levels), among)
        times[cell] = max(pairs / expected, 1.0) if expected else 1.0
    return Namesakes(tuple(comparisons), times)
