"""What the engine tells whoever watches. No event carries a key or a value of a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from reverse_etl.engine.words import Counts, Operation, PlanCounts, Status, Verdict


@dataclass(frozen=True, slots=True)
class RunStarted:
    sync: str
    run: int


@dataclass(frozen=True, slots=True)
class Planned:
    sync: str
    counts: PlanCounts


@dataclass(frozen=True, slots=True)
class BatchAnswered:
    """One attempt and its answer; `rejected` rows were refused one by one."""

    sync: str
    operation: Operation
    rows: int
    verdict: Verdict
    code: str
    rejected: int
    attempt: int


@dataclass(frozen=True, slots=True)
class BatchSplit:
    sync: str
    rows: int
    code: str


@dataclass(frozen=True, slots=True)
class RowsLeftOut:
    """Rows that were not sent, for their people have opted out since the plan was made."""

    sync: str
    rows: int


@dataclass(frozen=True, slots=True)
class Waiting:
    sync: str
    seconds: float
    code: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    sync: str
    run: int
    status: Status
    reason: str
    counts: Counts


Event: TypeAlias = RunStarted | Planned | BatchAnswered | BatchSplit | RowsLeftOut | Waiting | RunEnded
Observer: TypeAlias = Callable[[Event], None]


def unobserved(_: Event) -> None:
    """For whoever does not watch."""
