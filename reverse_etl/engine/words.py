"""The words of the engine: what is done to a row, what a destination says to it, and how a run ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import pyarrow as pa

KEY, ROW_HASH, REMOTE_ID = "_key", "_row_hash", "_remote_id"


# The code of a reply whose tool tells how many of the rows it could match begins with this.
MATCHED = "matched_"


class Operation(StrEnum):
    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


class Verdict(StrEnum):
    """`retry` and `pending` rows stay in the outbox; `fatal` stops the sync; the others are final.

    `suppressed` is ours: the row was not sent, for it may not be.
    """

    OK = "ok"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    RETRY = "retry"
    PENDING = "pending"
    FATAL = "fatal"

    @property
    def is_final(self) -> bool:
        return self in {Verdict.OK, Verdict.REJECTED, Verdict.UNKNOWN, Verdict.SUPPRESSED}


class Status(StrEnum):
    """How a run of a sync ended: `pending` leaves the tool at work, `interrupted` is what a killed run is found as."""

    RUNNING = "running"
    OK = "ok"
    PENDING = "pending"
    INCOMPLETE = "incomplete"
    HELD = "held"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What a destination said to one row. `reason` is the connector's own wording: no vendor text, no values.

    `remote_id` is by what the destination knows the row, where that is not its key: a later batch has it. It may be an
    address in some form, and is not shown.
    """

    verdict: Verdict
    code: str = ""
    reason: str = ""
    remote_id: str | None = field(default=None, repr=False)


OK = RowVerdict(Verdict.OK)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a destination said to one batch: `verdict` goes for every row whose position is not in `rows`.

    `rejected` with no `rows` means that the batch was refused as a whole. `retry_after` is in seconds.
    `is_lost` means that the batch left and no answer came: nobody knows whether it was applied. A `pending` reply
    names the `job` by which to ask again; it speaks for the whole batch.
    """

    verdict: Verdict
    code: str = ""
    reason: str = ""
    rows: Mapping[int, RowVerdict] = field(default_factory=dict)
    retry_after: float | None = None
    is_lost: bool = False
    job: str = ""

    def speaks_of(self, count: int) -> bool:
        """Whether every position it names is one of a batch of `count` rows."""
        return all(0 <= position < count for position in self.rows)

    def per_row(self, count: int) -> list[RowVerdict]:
        default = RowVerdict(self.verdict, self.code, self.reason) if self.verdict is not Verdict.OK else OK
        found = [default] * count
        for position, verdict in self.rows.items():
            found[position] = verdict
        return found


UNREADABLE = Reply(Verdict.RETRY, "unreadable_answer", "the destination's answer makes no sense", is_lost=True)


@dataclass(frozen=True)
class Batch:
    """Rows of one operation that travel together.

    `rows` has `_key`, `_row_hash`, perhaps `_remote_id` (by what the tool knows a row that is updated or removed, where
    an earlier verdict said so), then a column per remote field (none to read for removals). `idempotency_key` stays
    the same for every attempt. Batches of one `position` come from one batch that was cut. `job` is the handle of a
    batch that the tool has taken and not answered; before `not_before` (epoch seconds) it does not want to be asked.
    `tries` have been begun so far; the last of them `is_unanswered` where its process ended before an answer came.
    """

    position: int
    operation: Operation
    idempotency_key: str
    rows: pa.RecordBatch
    job: str = ""
    not_before: float = 0.0
    tries: int = 0
    is_unanswered: bool = False

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @cached_property
    def keys(self) -> list[str]:
        return list(self.rows.column(KEY).to_pylist())

    @cached_property
    def row_hashes(self) -> list[str]:
        return list(self.rows.column(ROW_HASH).to_pylist())

    @cached_property
    def remote_ids(self) -> dict[str, str]:
        """By key, where there is one."""
        if REMOTE_ID not in self.rows.schema.names:
            return {}
        known = self.rows.column(REMOTE_ID).to_pylist()
        return {key: remote_id for key, remote_id in zip(self.keys, known, strict=True) if remote_id}

    def halves(self) -> tuple[Batch, Batch]:
        middle = len(self) // 2
        return self._part("0", self.rows.slice(0, middle)), self._part("1", self.rows.slice(middle))

    def only(self, positions: Sequence[int]) -> Batch:
        return self._part("r", self.rows.take(pa.array(positions, pa.int64())))

    def as_removal(self, positions: Sequence[int]) -> Batch:
        """Those rows, to be taken out again; with their fields, for a tool that may know them by nothing else."""
        rows = self.rows.take(pa.array(positions, pa.int64()))
        return Batch(self.position, Operation.REMOVE, f"{self.idempotency_key}.x", rows, tries=self.tries)

    def _part(self, name: str, rows: pa.RecordBatch) -> Batch:
        key = f"{self.idempotency_key}.{name}"
        return Batch(self.position, self.operation, key, rows, tries=self.tries)


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the rows of one run are; `planned` includes what an earlier run left in the outbox."""

    planned: int = 0
    ok: int = 0
    rejected: int = 0
    unknown: int = 0
    suppressed: int = 0
    held: int = 0
    in_flight: int = 0

    @property
    def accounted(self) -> int:
        return self.ok + self.rejected + self.unknown + self.suppressed + self.held + self.in_flight


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """What one plan found, in rows of the model or keys that were acknowledged.

    `missing_key` and `duplicate_key` rows are set aside; `still_rejected` rows have not changed since, and
    for `unresolved` ones nobody knows yet whether the destination took them: neither is sent.
    """

    add: int = 0
    update: int = 0
    remove: int = 0
    unchanged: int = 0
    still_rejected: int = 0
    unresolved: int = 0
    missing_key: int = 0
    duplicate_key: int = 0
    desired: int = 0
    acknowledged: int = 0

    @property
    def operations(self) -> int:
        return self.add + self.update + self.remove

    @property
    def set_aside(self) -> int:
        return self.missing_key + self.duplicate_key
