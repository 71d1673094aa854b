"""A destination that fails by script, and time that passes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from reverse_etl.destinations.connector import CapabilitySheet
from reverse_etl.engine.words import Batch, Operation, Reply, RowVerdict, Verdict
from tests.doubles.moments import MORNING

REJECTED = RowVerdict(Verdict.REJECTED, "invalid", "it is not valid")
BUSY = RowVerdict(Verdict.RETRY, "busy", "not yet")


def capabilities(max_rows: int = 10, idempotency: str = "key") -> CapabilitySheet:
    return CapabilitySheet(
        modes=frozenset({"mirror", "upsert", "add_only"}),
        max_rows=max_rows,
        max_bytes=1_000_000,
        limits=(),
        acknowledges="row",
        idempotency=idempotency,  # type: ignore[arg-type]
    )


@dataclass
class ScriptedDestination:
    """Holds members by key. `script` names what happens to each call in turn; then all calls go well.

    Words: `ok`, `lost_before`, `lost_after`, `fail`, `later`, `busy_rows`, `fatal`, `beside` (a verdict on a row that
    was not sent). A batch with a key in `poison` is refused whole.
    """

    script: list[str] = field(default_factory=list)
    rejects: Callable[[str], bool] = lambda key: False
    poison: frozenset[str] = frozenset()
    capabilities: CapabilitySheet = field(default_factory=capabilities)
    members: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[Operation, int]] = field(default_factory=list)
    repeated: int = 0
    _answers: dict[str, Reply] = field(default_factory=dict)
    _last: dict[str, tuple[Operation, str]] = field(default_factory=dict)

    def send(self, batch: Batch) -> Reply:
        self.calls.append((batch.operation, len(batch)))
        event = self.script.pop(0) if self.script else "ok"
        if event == "fatal":
            return Reply(Verdict.FATAL, "http_401", "the destination does not accept our credential")
        if event == "fail":
            return Reply(Verdict.RETRY, "http_500", "the destination fails", retry_after=1.0)
        if event == "later":
            return Reply(Verdict.RETRY, "http_429", "the destination is busy with us", retry_after=1_000.0)
        if event == "beside":
            return Reply(Verdict.OK, rows={len(batch): REJECTED})
        if event == "lost_before":
            return Reply(Verdict.RETRY, "timeout", "no answer came in time", is_lost=True)
        if self.poison & set(batch.keys):
            return Reply(Verdict.REJECTED, "http_422", "the destination refuses what we send")
        busy = dict.fromkeys(range(0, len(batch), 2), BUSY) if event == "busy_rows" else {}
        reply = self._answers.setdefault(batch.idempotency_key, None) or self._apply(batch, busy)  # type: ignore[arg-type]
        self._answers[batch.idempotency_key] = reply
        if event == "lost_after":
            return Reply(Verdict.RETRY, "timeout", "no answer came in time", is_lost=True)
        return reply

    def settled(self, batch: Batch) -> Reply:
        """What it says of a batch in the end."""
        return self._apply(batch, {})

    def _apply(self, batch: Batch, busy: Mapping[int, RowVerdict]) -> Reply:
        rows = dict(busy)
        for position, (key, row_hash) in enumerate(zip(batch.keys, batch.row_hashes, strict=True)):
            if position in rows:
                continue
            if self.rejects(key):
                rows[position] = REJECTED
                continue
            done = (batch.operation, row_hash)
            self.repeated += self._last.get(key) == done
            self._last[key] = done
            if batch.operation is Operation.REMOVE:
                self.members.pop(key, None)
            else:
                self.members[key] = row_hash
        return Reply(Verdict.OK, rows=rows)

    def close(self) -> None:
        pass


@dataclass
class JobDestination(ScriptedDestination):
    """Takes every batch as a job and answers when it was asked `asks` times; `script` may begin with `no_handle`."""

    asks: int = 2
    polls: list[str] = field(default_factory=list)

    def send(self, batch: Batch) -> Reply:
        self.calls.append((batch.operation, len(batch)))
        handle = "" if self.script and self.script.pop(0) == "no_handle" else f"job-{batch.idempotency_key}"
        return Reply(Verdict.PENDING, job=handle)

    def poll(self, batch: Batch) -> Reply:
        self.polls.append(batch.job)
        if self.polls.count(batch.job) < self.asks:
            return Reply(Verdict.PENDING, job=batch.job)
        return self.settled(batch)


@dataclass
class Opinion:
    """Which keys may not be sent any more, as a test says."""

    opted_out: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()

    def withdrawn(self, batch: Batch) -> Set[str]:
        return self.opted_out & set(batch.keys)

    def unwanted(self, batch: Batch) -> Set[str]:
        return self.left & set(batch.keys)


@dataclass
class FastTime:
    """Sleeping takes no time, but is remembered."""

    slept: list[float] = field(default_factory=list)
    passed: float = 0.0

    def now(self) -> datetime:
        return MORNING

    def monotonic(self) -> float:
        return self.passed

    def wall(self) -> float:
        return 1_700_000_000.0 + self.passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


def total(calls: Iterable[tuple[Operation, int]], operation: Operation) -> int:
    return sum(rows for done, rows in calls if done is operation)
