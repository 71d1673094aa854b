"""Which bit of which word answers for a segment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WORD_BITS = 62  # a signed 64-bit integer holds 63; one stays free so that a sum of bits never overflows


@dataclass(frozen=True, slots=True)
class Bit:
    """Where a segment's answer stands in this build. Bits shift when segments come and go."""

    segment: str
    word: int
    position: int

    @property
    def value(self) -> int:
        return 1 << self.position


def assign_bits(segments: Iterable[str]) -> list[Bit]:
    """A bit for each segment, in the order of names."""
    return [Bit(name, *divmod(place, WORD_BITS)) for place, name in enumerate(sorted(segments))]


def word_column(word: int) -> str:
    return f"word_{word}"
