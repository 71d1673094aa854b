"""Precision, recall and F1 from counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """Of `claimed` and of `true` things, `agreed` are both."""

    agreed: int
    claimed: int
    true: int

    @property
    def precision(self) -> float:
        """1 where nothing is claimed."""
        return self.agreed / self.claimed if self.claimed else 1.0

    @property
    def recall(self) -> float:
        """1 where nothing is true."""
        return self.agreed / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.agreed / (self.claimed + self.true) if self.claimed + self.true else 1.0
