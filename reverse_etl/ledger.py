"""The engine's ledger over the operational store: the memory of one sync, fenced by its lease."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select, update

from cdp.store import Lease, Store
from cdp.store.schema import holds, outbox, receipts, sync_runs
from reverse_etl.engine.words import KEY, ROW_HASH, Batch, Counts, Operation, RowVerdict, Status, Verdict
from reverse_etl.payload import Seal, packed

_QUEUED_AT_ONCE = 50
_COUNTED = ("ok", "rejected", "unknown", "suppressed")
_WEEK = timedelta(days=7)
_SAID = ("verdict", "code", "reason", "remote_id")
_EXPIRED = RowVerdict(Verdict.UNKNOWN, "expired", "it waited too long for an answer")


class StoreLedger:
    """See `reverse_etl.engine.ports.Ledger`."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        sync: str,
        target: str,
        *,
        seal: Seal,
        keep: timedelta = _WEEK,
        formerly: Sequence[str] = (),
    ) -> None:
        """`target` is that of `Sync.target`. Rows wait closed with `seal`, for as long as `keep`.

        What waits from when the sync was called `formerly` is its own.
        """
        self._store, self._lease, self._sync, self._target = store, lease, sync, target
        self._seal, self._keep, self._formerly = seal, keep, formerly

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._store.writing() as connection:
            self._lease.check(connection)
            yield connection

    def begin(self, at: datetime) -> int:
        with self._writing() as connection:
            unfinished = select(sync_runs.c.run_id).where(
                sync_runs.c.sync == self._sync, sync_runs.c.status == Status.RUNNING
            )
            for run in self._numbers(connection, unfinished):
                self._close(connection, run, Status.INTERRUPTED, "the process ended before the run did", at)
            earlier = outbox.c.sync.in_(self._formerly)
            connection.execute(update(outbox).where(earlier).values(sync=self._sync))
            self._drop_untried(connection, at)
            opened = insert(sync_runs).values(
                sync=self._sync,
                destination=self._destination,
                status=Status.RUNNING,
                fencing=self._lease.fencing,
                started_at=at,
                planned=self._in_flight(connection),
            )
            run = int(connection.execute(opened.returning(sync_runs.c.run_id)).scalar_one())
            self._give_up_tried(connection, run, at)
            return run

    def first(self) -> Batch | None:
        next_one = (
            select(outbox)
            .where(outbox.c.sync == self._sync, outbox.c.job == "")
            .order_by(outbox.c.run_id, outbox.c.position, outbox.c.batch_id)
            .limit(1)
        )
        with self._store.reading() as connection:
            rows = connection.execute(next_one).all()
        return self._batch(rows[0]) if rows else None

    def jobs(self) -> list[Batch]:
        open_jobs = select(outbox).where(outbox.c.sync == self._sync, outbox.c.job != "").order_by(outbox.c.batch_id)
        with self._store.reading() as connection:
            rows = connection.execute(open_jobs).all()
        return [self._batch(row) for row in rows]

    def await_job(self, batch: Batch, job: str) -> None:
        self._remember(batch, job=job, code="taken", not_before=0.0)

    def attempt(self, batch: Batch) -> None:
        self._remember(batch, code="", attempts=outbox.c.attempts + 1)

    def postpone(self, batch: Batch, code: str, not_before: float) -> None:
        self._remember(batch, code=code, not_before=not_before)

    def _remember(self, batch: Batch, **values: Any) -> None:
        same = outbox.c.idempotency_key == batch.idempotency_key
        with self._writing() as connection:
            connection.execute(update(outbox).where(same).values(values))

    def enqueue(self, run: int, generation: int, batches: Iterable[tuple[Operation, pa.RecordBatch]], held: int) -> int:
        queued = 0
        with self._writing() as connection:
            began = select(sync_runs.c.started_at).where(sync_runs.c.run_id == run)
            queued_at: datetime = connection.execute(began).scalar_one()
            rows: list[dict[str, Any]] = []
            for position, (operation, content) in enumerate(batches):
                key = f"{self._sync}-{run}-{position}"
                rows.append(self._row(run, generation, queued_at, Batch(position, operation, key, content)))
                queued += content.num_rows
                if len(rows) == _QUEUED_AT_ONCE:
                    connection.execute(insert(outbox), rows)
                    rows = []
            if rows:
                connection.execute(insert(outbox), rows)
            planned = {"planned": sync_runs.c.planned + queued + held, "held": sync_runs.c.held + held}
            connection.execute(
                update(sync_runs).where(sync_runs.c.run_id == run).values(**planned, generation=generation)
            )
        return queued

    def settle(
        self, run: int, batch: Batch, verdicts: Sequence[RowVerdict | None], rest: Batch | None, at: datetime
    ) -> None:
        with self._writing() as connection:
            self._store.serialise_receipts(connection)
            home = self._home(connection, batch)
            if any(verdicts):
                connection.execute(insert(receipts).values(self._answered(run, home, batch, verdicts, at)))
            self._replace(connection, home, [rest] if rest else [])

    def split(self, batch: Batch, parts: Sequence[Batch]) -> None:
        with self._writing() as connection:
            self._replace(connection, self._home(connection, batch), parts)

    def hold(self, run: int, digest: str, reason: str, planned: int, at: datetime) -> bool:
        same_plan = (holds.c.sync == self._sync) & (holds.c.plan_digest == digest)
        with self._writing() as connection:
            known = connection.execute(select(holds.c.released_at).where(same_plan)).all()
            if any(row.released_at is not None for row in known):
                return False
            if not known:
                hold = {"sync": self._sync, "run_id": run, "plan_digest": digest, "reason": reason, "held_at": at}
                connection.execute(insert(holds).values(hold))
            counts = {"planned": sync_runs.c.planned + planned, "held": sync_runs.c.held + planned}
            connection.execute(update(sync_runs).where(sync_runs.c.run_id == run).values(counts))
        return True

    def answered(self, run: int) -> Counts:
        with self._store.reading() as connection:
            return Counts(**self._found(connection, run))

    def conclude(self, run: int, status: Status, reason: str, at: datetime) -> Counts:
        with self._writing() as connection:
            return self._close(connection, run, status, reason, at)

    @property
    def _destination(self) -> str:
        return self._target.partition("/")[0]

    def last_target(self) -> str | None:
        newest = select(receipts.c.target).where(receipts.c.sync == self._sync).order_by(receipts.c.seq.desc())
        with self._store.reading() as connection:
            return connection.scalar(newest.limit(1))

    def last_receipt(self) -> int:
        return last_receipt(self._store, self._sync)

    def _drop_untried(self, connection: Connection, at: datetime) -> None:
        """Personal data does not wait for ever; nobody has seen these rows, so the next plan has them again."""
        untried = (outbox.c.attempts == 0) & (outbox.c.job == "")
        connection.execute(delete(outbox).where(self._old(at), untried))

    def _give_up_tried(self, connection: Connection, run: int, at: datetime) -> None:
        """After so long, nobody can tell from an answer any more what became of these."""
        for home in connection.execute(select(outbox).where(self._old(at))).all():
            batch = self._batch(home)
            answer = self._answered(run, home, batch, [_EXPIRED] * len(batch), at)
            connection.execute(insert(receipts).values(answer))
        connection.execute(delete(outbox).where(self._old(at)))

    def _old(self, at: datetime) -> ColumnElement[bool]:
        return (outbox.c.sync == self._sync) & (outbox.c.queued_at < at - self._keep)

    def _close(self, connection: Connection, run: int, status: Status, reason: str, at: datetime) -> Counts:
        found = self._found(connection, run)
        self._store.serialise_receipts(connection)
        ended = (connection.scalar(select(func.max(sync_runs.c.closed_seq))) or 0) + 1
        found |= {"in_flight": self._in_flight(connection), "closed_seq": ended}
        closed = (
            update(sync_runs)
            .where(sync_runs.c.run_id == run)
            .values(status=status, reason=reason, finished_at=at, **found)
            .returning(*[sync_runs.c[name] for name in Counts.__dataclass_fields__])
        )
        return Counts(*[int(count) for count in connection.execute(closed).one()])

    def _found(self, connection: Connection, run: int) -> dict[str, int]:
        sums = [func.coalesce(func.sum(receipts.c[name]), 0) for name in _COUNTED]
        of_run = connection.execute(select(*sums).where(receipts.c.run_id == run)).one()
        return {name: int(str(count)) for name, count in zip(_COUNTED, of_run, strict=True)}

    def _in_flight(self, connection: Connection) -> int:
        rows = select(func.coalesce(func.sum(outbox.c.row_count), 0)).where(outbox.c.sync == self._sync)
        return self._numbers(connection, rows)[0]

    def _numbers(self, connection: Connection, statement: Select[Any]) -> list[int]:
        return [int(row[0]) for row in connection.execute(statement).all()]

    def _batch(self, row: Row[Any]) -> Batch:
        rows = self._seal.open(row.payload)
        is_unanswered = row.attempts > 0 and not row.code
        known = (row.job, row.not_before, row.attempts, is_unanswered)
        return Batch(row.position, Operation(row.operation), row.idempotency_key, rows, *known)

    def _home(self, connection: Connection, batch: Batch) -> Row[Any]:
        columns = [outbox.c[name] for name in ("batch_id", "run_id", "generation", "queued_at", "attempts")]
        return connection.execute(select(*columns).where(outbox.c.idempotency_key == batch.idempotency_key)).one()

    def _replace(self, connection: Connection, home: Row[Any], parts: Sequence[Batch]) -> None:
        connection.execute(delete(outbox).where(outbox.c.batch_id == home.batch_id))
        if parts:
            where, tried = (home.run_id, home.generation, home.queued_at), {"attempts": home.attempts, "code": "parted"}
            connection.execute(insert(outbox), [{**self._row(*where, part), **tried} for part in parts])

    def _row(self, run: int, generation: int | None, queued_at: datetime, batch: Batch) -> dict[str, Any]:
        return {
            "sync": self._sync,
            "run_id": run,
            "generation": generation,
            "queued_at": queued_at,
            "position": batch.position,
            "operation": batch.operation.value,
            "idempotency_key": batch.idempotency_key,
            "row_count": len(batch),
            "payload": self._seal.close(batch.rows),
        }

    def _answered(
        self, run: int, home: Row[Any], batch: Batch, verdicts: Sequence[RowVerdict | None], at: datetime
    ) -> dict[str, Any]:
        is_answered = pa.array([verdict is not None for verdict in verdicts])
        said = _Said([verdict for verdict in verdicts if verdict is not None])
        columns = {
            "key": batch.rows.column(KEY).filter(is_answered),
            "row_hash": batch.rows.column(ROW_HASH).filter(is_answered),
            **{name: said.column(name) for name in _SAID},
        }
        return {
            "sync": self._sync,
            "destination": self._destination,
            "target": self._target,
            "run_id": run,
            "operation": batch.operation.value,
            "at": at,
            "generation": home.generation,
            **{name: said.count(name) for name in _COUNTED},
            "verdicts": packed(pa.record_batch(columns)),
        }


class _Said:
    """Verdicts by column. Most rows of a batch share one verdict object: it is looked at once."""

    def __init__(self, verdicts: Sequence[RowVerdict]) -> None:
        same = list(map(id, verdicts))
        self._distinct = list({id(verdict): verdict for verdict in verdicts}.values())
        place = {id(verdict): position for position, verdict in enumerate(self._distinct)}
        self._places = pa.array([place[one] for one in same], pa.int32())
        self._times = Counter(same)

    def column(self, name: str) -> pa.Array:
        values = pa.array([getattr(verdict, name) for verdict in self._distinct], pa.string())
        return values.take(self._places)

    def count(self, verdict: str) -> int:
        return sum(self._times[id(one)] for one in self._distinct if one.verdict == verdict)


def last_receipt(store: Store, sync: str) -> int:
    """The newest sequence number among a sync's receipts, 0 before the first."""
    with store.reading() as connection:
        newest = connection.scalar(select(func.max(receipts.c.seq)).where(receipts.c.sync == sync))
    return newest or 0
