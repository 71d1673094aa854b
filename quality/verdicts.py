"""What a check found: one row of numbers and, where it did not hold, sentences. Never a value of a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from quality.thresholds import Stops

Boundary = Literal["landing", "customers", "audiences", "payloads"]


class Word(StrEnum):
    """How a check ended. `broke` says nothing of the data: it was not judged."""

    PASSED = "passed"
    FAILED = "failed"
    BROKE = "broke"
    RELEASED = "released"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check, `<table>.<measure>`: `value` must lie between `low` and `high`; `told` says why it does not.

    `syncs` are those that it stops where it stops `syncs`.
    """

    check: str
    boundary: Boundary
    table: str
    word: Word
    value: float | None
    low: float | None = None
    high: float | None = None
    median: float | None = None
    observations: int | None = None
    told: tuple[str, ...] = ()
    stops: Stops = "build"
    syncs: tuple[str, ...] = ()

    @property
    def is_stopping(self) -> bool:
        return self.word in {Word.FAILED, Word.BROKE} and self.stops != "nothing"
