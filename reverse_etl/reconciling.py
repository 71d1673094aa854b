"""Does a tool hold what it acknowledged: asked of the tool itself, where it can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reverse_etl.declarations import Sync
from reverse_etl.engine.ports import Allowance, Destination, ReadsBack, Time
from reverse_etl.receipts import ReceiptsProjection

_QUESTIONS_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`found` of the `expected` keys that a tool was asked for; None where it does not say, and why in `reason`.

    `may_lack` is the share that may be missing without alarm.
    A list of more keys than a hundred questions can hold is asked for a sample of them.
    """

    sync: str
    expected: int
    found: int | None
    may_lack: float = 0.0
    is_sample: bool = False
    reason: str = ""

    @property
    def agrees(self) -> bool:
        return self.found == self.expected

    @property
    def is_alarming(self) -> bool:
        """Whether more is missing than the sync's guards take for normal."""
        return self.found is not None and self.expected - self.found > self.may_lack * self.expected


def reconcile(
    sync: Sync, projection: ReceiptsProjection, destination: Destination, allowance: Allowance, time: Time
) -> Reconciled | None:
    """Ask for what a sync's list should hold of ours; None where the tool cannot be asked."""
    at_once = destination.capabilities.reads_back
    if not isinstance(destination, ReadsBack) or not at_once:
        return None
    most = at_once * _QUESTIONS_AT_MOST
    keys = projection.held(sync.names, sync.target, most + 1)
    asked, found = keys[:most], 0
    who, rules = (sync.name, len(asked)), (sync.guards.max_missing_share, len(keys) > most)
    for some in _in_parts(asked, at_once):
        while seconds := allowance.claim(0, "read"):
            time.sleep(seconds)
        answer = destination.found(some)
        allowance.answered()
        if not isinstance(answer, int):
            return Reconciled(*who, None, *rules, answer.reason)
        found += answer
    return Reconciled(*who, found, *rules)


def _in_parts(keys: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
