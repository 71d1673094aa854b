"""What the engine needs of the world. Everything that reads, writes, sleeps or sends is behind one of these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import pyarrow as pa

from cdp.warehouse.port import Warehouse
from reverse_etl.engine.checkpoint import Checkpoint
from reverse_etl.engine.words import Batch, Counts, Operation, Reply, RowVerdict, Status

if TYPE_CHECKING:  # it has a mode
    from reverse_etl.declarations import Sync

Mode = Literal["mirror", "upsert", "update_only", "create_only", "add_only", "append", "send"]


# What a call is for.
Purpose = Literal["send", "remove", "poll", "read"]
EVERY_PURPOSE: frozenset[Purpose] = frozenset({"send", "remove", "poll", "read"})


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` calls, or rows, within any `seconds`; of those calls together that are for what `scope` says."""

    count: int
    seconds: float
    of: Literal["calls", "rows"] = "calls"
    scope: frozenset[Purpose] = EVERY_PURPOSE


class Capabilities(Protocol):
    """What a destination can do, and how much of it at once."""

    @property
    def max_rows(self) -> int: ...

    @property
    def max_bytes(self) -> int: ...

    @property
    def limits(self) -> Sequence[Limit]:
        """What the account allows, all at once."""
        ...

    @property
    def is_idempotent(self) -> bool:
        """Whether a batch may be sent again when no answer came."""
        ...

    @property
    def reads_back(self) -> int:
        """About how many keys it can be asked at once whether it holds them; 0 where it cannot."""
        ...


class Destination(Protocol):
    @property
    def capabilities(self) -> Capabilities: ...

    def send(self, batch: Batch) -> Reply:
        """One attempt. Failures of the destination or of the network are replies, not exceptions."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class WorksInJobs(Protocol):
    """A destination that takes a batch and answers later."""

    def poll(self, batch: Batch) -> Reply:
        """Ask for `batch.job`; `pending` or `retry` while there is no answer yet, then as to `send`.

        Where the answer has a `retry_after`, the job is not asked for before that.
        A `pending` reply with another job than the batch's names the next step: that is asked for from now on.
        """
        ...


@runtime_checkable
class ReadsBack(Protocol):
    """A destination that can be asked what it holds."""

    def found(self, keys: Sequence[str]) -> int | Reply:
        """How many of `keys` it holds now; at most as many at once as its sheet says under `reads_back`.

        Where it does not say, why.
        """
        ...


@runtime_checkable
class StartsOver(Protocol):
    """A destination that keeps account of what it published, and has to be told that it is gone."""

    def start_over(self) -> Reply:
        """Begin with nothing; refused where something is still there."""
        ...


class Allowance(Protocol):
    """The limits of one account, shared by everybody who calls it."""

    def claim(self, rows: int, purpose: Purpose = "send") -> float:
        """Count a call of `rows` rows and give 0, or give the seconds after which to ask again.

        Only the limits whose scope has `purpose` count it.
        """
        ...

    def answered(self) -> None:
        """The last call has reached the tool: from now on its window passes."""
        ...


class Permission(Protocol):
    """Consent and suppression at the moment of sending."""

    def withdrawn(self, batch: Batch) -> Set[str]:
        """The keys of a batch whose people have opted out since the published generation was built."""
        ...

    def unwanted(self, batch: Batch) -> Set[str]:
        """The keys of a batch from an earlier run that the model of the published generation does not have."""
        ...


class Ledger(Protocol):
    """The memory of one sync while its lease is held. A method is one transaction, refused once the lease is lost."""

    def begin(self, at: datetime) -> int:
        """Open a run, and close as `interrupted` any that a killed process left; gives the run's number."""
        ...

    def first(self) -> Batch | None:
        """The batch that is next in the outbox to be sent; none of the tool's jobs."""
        ...

    def jobs(self) -> Sequence[Batch]:
        """The batches that the tool has taken and not answered, oldest first."""
        ...

    def await_job(self, batch: Batch, job: str) -> None:
        """Remember by which handle to ask for a batch's answer."""
        ...

    def attempt(self, batch: Batch) -> None:
        """Remember, before the first byte leaves, that a batch is tried once more."""
        ...

    def postpone(self, batch: Batch, code: str, not_before: float) -> None:
        """Remember the answer to a failed try, and until when (epoch seconds) the tool wants no call."""
        ...

    def enqueue(self, run: int, generation: int, batches: Iterable[tuple[Operation, pa.RecordBatch]], held: int) -> int:
        """Write a whole plan to the outbox, counting `held` rows beside it; gives the number of rows queued."""
        ...

    def settle(
        self, run: int, batch: Batch, verdicts: Sequence[RowVerdict | None], rest: Batch | None, at: datetime
    ) -> None:
        """Record one verdict per row of `batch`; `rest`, the rows without one, takes its place in the outbox."""
        ...

    def split(self, batch: Batch, parts: Sequence[Batch]) -> None:
        """Put `parts` in the place of `batch`."""
        ...

    def hold(self, run: int, digest: str, reason: str, planned: int, at: datetime) -> bool:
        """Record that a guard stopped the plan; False where a person has released exactly this plan."""
        ...

    def answered(self, run: int) -> Counts:
        """What the destination has answered in a run so far; the rest of the counts is 0."""
        ...

    def conclude(self, run: int, status: Status, reason: str, at: datetime) -> Counts:
        """Close a run; gives where its rows are, as counted from receipts and outbox."""
        ...

    def last_target(self) -> str | None:
        """The target of this sync's newest receipt, None before the first."""
        ...

    def last_receipt(self) -> int:
        """The newest sequence number among this sync's receipts, 0 before the first."""
        ...


class Projection(Protocol):
    """The receipts that the warehouse can see."""

    def catch_up(self) -> int:
        """Append what is new; gives the newest sequence number that the warehouse sees."""
        ...

    def checkpoint(self, sync: Sync) -> Checkpoint | None:
        """What a plan of the sync may start from instead of every receipt."""
        ...

    def renew_checkpoint(self, sync: Sync, warehouse: Warehouse) -> None:
        """Make a newer checkpoint where the next plan would take long without."""
        ...


class Time(Protocol):
    def now(self) -> datetime:
        """The run's moment, naive UTC."""
        ...

    def monotonic(self) -> float: ...

    def wall(self) -> float:
        """Epoch seconds of the machine, for what has to hold across processes."""
        ...

    def sleep(self, seconds: float) -> None: ...
