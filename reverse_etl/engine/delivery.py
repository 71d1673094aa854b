"""Emptying the outbox: one batch after the other, until the destination has answered for every row."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reverse_etl.engine.events import BatchAnswered, BatchSplit, Waiting
from reverse_etl.engine.retry import Pace
from reverse_etl.engine.words import UNREADABLE, Batch, Reply, RowVerdict, Status, Verdict
from reverse_etl.engine.world import World


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended, and why where it did not end well."""

    status: Status
    reason: str = ""


class Delivery:
    """Sends what the ledger has queued for one run of one sync."""

    def __init__(self, sync: str, run: int, world: World) -> None:
        self._sync, self._run, self._world = sync, run, world
        self._pace = Pace(world.time, world.destination.capabilities.requests_per_second)

    def drain(self) -> Ending:
        """Send until the outbox is empty, the destination refuses us, or one batch has used up its attempts."""
        while batch := self._world.ledger.first():
            ending = self._deliver(batch)
            if ending is not None:
                return ending
        return Ending(Status.OK)

    def _deliver(self, batch: Batch) -> Ending | None:
        for attempt in range(1, self._world.backoff.attempts + 1):
            reply = self._send(batch, attempt)
            if reply.verdict is Verdict.FATAL:
                return Ending(Status.FAILED, reply.reason)
            if _is_refused_whole(reply) and len(batch) > 1:
                self._split(batch, reply)
                return None
            rest = self._settle(batch, reply)
            if rest is None:
                return None
            if attempt < self._world.backoff.attempts and not self._wait(attempt, reply):
                return Ending(Status.INCOMPLETE, f"the destination asks to come back in {reply.retry_after:.0f} s")
            batch = rest
        return Ending(
            Status.INCOMPLETE, f"gave up after {self._world.backoff.attempts} attempts: {reply.reason or reply.code}"
        )

    def _send(self, batch: Batch, attempt: int) -> Reply:
        self._pace.wait()
        reply = self._world.destination.send(batch)
        if not reply.speaks_of(len(batch)):
            reply = UNREADABLE
        if reply.is_lost and not self._world.destination.capabilities.is_idempotent:
            reply = replace(reply, verdict=Verdict.UNKNOWN)
        refused = sum(row.verdict is Verdict.REJECTED for row in reply.rows.values())
        self._world.observer(
            BatchAnswered(self._sync, batch.operation, len(batch), reply.verdict, reply.code, refused, attempt)
        )
        return reply

    def _split(self, batch: Batch, reply: Reply) -> None:
        self._world.ledger.split(batch, batch.halves())
        self._world.observer(BatchSplit(self._sync, len(batch), reply.code))

    def _settle(self, batch: Batch, reply: Reply) -> Batch | None:
        if not reply.verdict.is_final:
            return batch
        # Rows that were answered "later" need a new idempotency key: the old one would get the old answer again.
        verdicts: list[RowVerdict | None] = [row if row.verdict.is_final else None for row in reply.per_row(len(batch))]
        open_rows = [position for position, verdict in enumerate(verdicts) if verdict is None]
        rest = batch.only(open_rows) if open_rows else None
        self._world.ledger.settle(self._run, batch, verdicts, rest, self._world.time.now())
        return rest

    def _wait(self, attempt: int, reply: Reply) -> bool:
        if (reply.retry_after or 0.0) > self._world.backoff.longest_wait:
            return False
        seconds = self._world.backoff.delay(attempt, reply.retry_after, self._world.rng)
        self._world.observer(Waiting(self._sync, seconds, reply.code))
        self._world.time.sleep(seconds)
        return True


def _is_refused_whole(reply: Reply) -> bool:
    return reply.verdict is Verdict.REJECTED and not reply.rows
