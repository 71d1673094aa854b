"""Emptying the outbox: one batch after the other, until the destination has answered for every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reverse_etl.declarations import Sync
from reverse_etl.engine.events import BatchAnswered, BatchSplit, RowsLeftOut, Waiting
from reverse_etl.engine.ports import Purpose, WorksInJobs
from reverse_etl.engine.words import UNREADABLE, Batch, Operation, Reply, RowVerdict, Status, Verdict
from reverse_etl.engine.world import World

_SUPPRESSED = RowVerdict(Verdict.SUPPRESSED, "withdrawn", "consent was withdrawn after the plan was made")
_INTERRUPTED = RowVerdict(Verdict.UNKNOWN, "interrupted", "the process ended before the answer came")
_UNKNOWN = RowVerdict(Verdict.UNKNOWN, "withdrawn", "consent was withdrawn while the answer was missing")


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended, and why where it did not end well."""

    status: Status
    reason: str = ""


class Delivery:
    """Sends what the ledger has queued for one run of one sync."""

    def __init__(self, sync: Sync, run: int, world: World) -> None:
        self._sync, self._run, self._world = sync.name, run, world
        self._may_remove, self._max_tries = sync.mode == "mirror", sync.guards.max_tries

    def drain(self, *, is_left_over: bool = False) -> Ending:
        """Send until the outbox is empty, the destination refuses us, or one batch has used up its attempts.

        Ends `pending` where the tool is still at work on what it took. Removals wait for that: add before remove.
        """
        while True:
            ending = self._send_all(is_left_over) or self._jobs()
            if ending is not None:
                return ending
            if self._world.ledger.first() is None:
                return Ending(Status.OK)

    def _send_all(self, is_left_over: bool) -> Ending | None:
        while batch := self._world.ledger.first():
            if self._give_up(batch) or self._leave_out(batch, is_left_over):
                continue
            ending = self._jobs() if self._must_wait(batch) else None
            ending = ending or self._deliver(batch)
            if ending is not None:
                return ending
        return None

    def _must_wait(self, batch: Batch) -> bool:
        """Whether the tool is still at work on additions before a removal."""
        jobs = self._world.ledger.jobs() if batch.operation is Operation.REMOVE else ()
        return any(job.operation is not Operation.REMOVE for job in jobs)

    def _give_up(self, batch: Batch) -> bool:
        """Whether nobody can tell if a batch arrived, and saying it twice is not safe: then it is not said again."""
        if not batch.is_unanswered or self._world.destination.capabilities.is_idempotent:
            return False
        self._world.ledger.settle(self._run, batch, [_INTERRUPTED] * len(batch), None, self._world.time.now())
        return True

    def _leave_out(self, batch: Batch, is_left_over: bool) -> bool:
        """Take the rows out of a batch that may not be sent any more; whether there were any."""
        if batch.operation is Operation.REMOVE:
            return False
        permission = self._world.permission
        withdrawn = permission.withdrawn(batch) | (permission.unwanted(batch) if is_left_over else frozenset())
        if not withdrawn:
            return False
        gone = [position for position, key in enumerate(batch.keys) if key in withdrawn]
        others = [position for position, key in enumerate(batch.keys) if key not in withdrawn]
        self._world.observer(RowsLeftOut(self._sync, len(gone)))
        if batch.tries and self._may_remove:
            # It may have arrived with an answer that was lost: what may not be there is taken out again.
            parts = [batch.only(others), batch.as_removal(gone)] if others else [batch.as_removal(gone)]
            self._world.ledger.split(batch, parts)
            return True
        verdicts: list[RowVerdict | None] = [None] * len(batch)
        for position in gone:
            verdicts[position] = _UNKNOWN if batch.tries else _SUPPRESSED
        rest = batch.only(others) if others else None
        self._world.ledger.settle(self._run, batch, verdicts, rest, self._world.time.now())
        return True

    def _deliver(self, batch: Batch) -> Ending | None:
        if (seconds := batch.not_before - self._world.time.wall()) > self._world.backoff.longest_wait:
            return Ending(Status.INCOMPLETE, f"the destination asks to come back in {seconds:.0f} s")
        if seconds > 0:
            self._world.time.sleep(seconds)
        for attempt in range(1, self._world.backoff.attempts + 1):
            reply = self._send(batch, attempt)
            if reply.verdict is Verdict.FATAL:
                return Ending(Status.FAILED, reply.reason)
            if _is_refused_whole(reply) and len(batch) > 1:
                self._split(batch, reply)
                return None
            rest = self._settle(batch, reply, batch.tries + attempt)
            if rest is None:
                return None
            batch = rest
            self._postpone(batch, reply)
            if attempt < self._world.backoff.attempts and not self._wait(attempt, reply):
                return Ending(Status.INCOMPLETE, f"the destination asks to come back in {reply.retry_after:.0f} s")
        return Ending(
            Status.INCOMPLETE, f"gave up after {self._world.backoff.attempts} attempts: {reply.reason or reply.code}"
        )

    def _send(self, batch: Batch, attempt: int) -> Reply:
        self._claim(len(batch), "remove" if batch.operation is Operation.REMOVE else "send")
        self._world.ledger.attempt(batch)
        reply = self._world.destination.send(batch)
        self._world.allowance.answered()
        if not reply.speaks_of(len(batch)) or _has_no_handle(reply):
            reply = UNREADABLE
        if reply.is_lost and not self._world.destination.capabilities.is_idempotent:
            reply = replace(reply, verdict=Verdict.UNKNOWN)
        self._tell(batch, reply, attempt)
        return reply

    def _claim(self, rows: int, purpose: Purpose) -> None:
        while seconds := self._world.allowance.claim(rows, purpose):
            self._world.time.sleep(seconds)

    def _tell(self, batch: Batch, reply: Reply, attempt: int) -> None:
        refused = sum(row.verdict is Verdict.REJECTED for row in reply.rows.values())
        self._world.observer(
            BatchAnswered(self._sync, batch.operation, len(batch), reply.verdict, reply.code, refused, attempt)
        )

    def _split(self, batch: Batch, reply: Reply) -> None:
        self._world.ledger.split(batch, batch.halves())
        self._world.observer(BatchSplit(self._sync, len(batch), reply.code))

    def _settle(self, batch: Batch, reply: Reply, tries: int) -> Batch | None:
        """The rows that are still to be sent, or None; those that were put off too often are not."""
        if reply.verdict is Verdict.PENDING:
            self._world.ledger.await_job(batch, reply.job)
            return None
        if not reply.verdict.is_final:
            return batch
        # Rows that were answered "later" need a new idempotency key: the old one would get the old answer again.
        verdicts: list[RowVerdict | None] = [*reply.per_row(len(batch))]
        open_rows = sorted(position for position, row in reply.rows.items() if not row.verdict.is_final)
        for position in open_rows:
            verdicts[position] = _put_off(reply.rows[position], tries) if tries >= self._max_tries else None
        open_rows = [position for position in open_rows if verdicts[position] is None]
        rest = batch.only(open_rows) if open_rows else None
        self._world.ledger.settle(self._run, batch, verdicts, rest, self._world.time.now())
        return rest

    def _postpone(self, batch: Batch, reply: Reply) -> None:
        until = self._world.time.wall() + reply.retry_after if reply.retry_after else 0.0
        self._world.ledger.postpone(batch, reply.code or reply.verdict, until)

    def _wait(self, attempt: int, reply: Reply) -> bool:
        if (reply.retry_after or 0.0) > self._world.backoff.longest_wait:
            return False
        seconds = self._world.backoff.delay(attempt, reply.retry_after, self._world.rng)
        self._world.observer(Waiting(self._sync, seconds, reply.code))
        self._world.time.sleep(seconds)
        return True

    def _jobs(self) -> Ending | None:
        """Ask for every job until all have ended, or patience has; None where none is left."""
        patience, asked = self._world.backoff.patience, 0
        began = self._world.time.monotonic()
        while jobs := self._world.ledger.jobs():
            for batch in jobs:
                ending = self._ask(batch, asked + 1) if batch.not_before <= self._world.time.wall() else None
                if ending is not None:
                    return ending
            left = self._world.ledger.jobs()
            # A tool that has come to a next step is asked soon again.
            asked = asked + 1 if {batch.job for batch in left} <= {batch.job for batch in jobs} else 1
            if left:
                seconds = max(self._world.backoff.ask_again(asked), self._not_yet(left))
                passed = self._world.time.monotonic() - began
                if passed >= patience or self._not_yet(left) > patience - passed:
                    return Ending(Status.PENDING, "the destination is still at work on what it took")
                self._world.time.sleep(seconds)
        return None

    def _not_yet(self, jobs: Sequence[Batch]) -> float:
        """Seconds in which the tool wants to be asked for none of them."""
        return min(batch.not_before for batch in jobs) - self._world.time.wall()

    def _ask(self, batch: Batch, attempt: int) -> Ending | None:
        destination = self._world.destination
        if not isinstance(destination, WorksInJobs):
            return Ending(Status.FAILED, "the connector cannot ask for the job that an earlier version began")
        self._claim(0, "remove" if batch.operation is Operation.REMOVE else "poll")
        reply = destination.poll(batch)
        self._world.allowance.answered()
        if not reply.speaks_of(len(batch)):
            reply = UNREADABLE
        self._tell(batch, reply, attempt)
        if reply.verdict is Verdict.FATAL:
            return Ending(Status.FAILED, reply.reason)
        if _is_refused_whole(reply) and len(batch) > 1:
            self._split(batch, reply)
        elif reply.verdict.is_final or reply.job not in {"", batch.job}:
            self._settle(batch, reply, batch.tries)
        elif reply.retry_after:
            self._postpone(batch, reply)
        return None


def _put_off(row: RowVerdict, tries: int) -> RowVerdict:
    told = f"after {tries} tries the destination still puts it off: {row.reason or row.code}"
    return RowVerdict(Verdict.REJECTED, "put_off", told)


def _is_refused_whole(reply: Reply) -> bool:
    return reply.verdict is Verdict.REJECTED and not reply.rows


def _has_no_handle(reply: Reply) -> bool:
    return reply.verdict is Verdict.PENDING and not reply.job
