"""The engine's ledger over the operational store: the memory of one sync, fenced by its lease."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from cdp.store import Lease, Store
from cdp.store.schema import acknowledged, holds, outbox, receipts, rejections, sync_runs
from reverse_etl.engine.words import Batch, Counts, Operation, RowVerdict, Status, Verdict
from reverse_etl.payload import packed, unpacked

_QUEUED_AT_ONCE = 50
_NAMED_AT_ONCE = 5_000


class StoreLedger:
    """See `reverse_etl.engine.ports.Ledger`."""

    def __init__(self, store: Store, lease: Lease, sync: str, destination: str) -> None:
        self._store, self._lease, self._sync, self._destination = store, lease, sync, destination

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
            opened = insert(sync_runs).values(
                sync=self._sync,
                destination=self._destination,
                status=Status.RUNNING,
                fencing=self._lease.fencing,
                started_at=at,
                planned=self._in_flight(connection),
            )
            return int(connection.execute(opened.returning(sync_runs.c.run_id)).scalar_one())

    def first(self) -> Batch | None:
        next_one = (
            select(outbox)
            .where(outbox.c.sync == self._sync, outbox.c.job == "")
            .order_by(outbox.c.run_id, outbox.c.position, outbox.c.batch_id)
            .limit(1)
        )
        with self._store.reading() as connection:
            rows = connection.execute(next_one).all()
            return self._batch(connection, rows[0]) if rows else None

    def jobs(self) -> list[Batch]:
        open_jobs = select(outbox).where(outbox.c.sync == self._sync, outbox.c.job != "").order_by(outbox.c.batch_id)
        with self._store.reading() as connection:
            return [self._batch(connection, row) for row in connection.execute(open_jobs).all()]

    def await_job(self, batch: Batch, job: str) -> None:
        self._remember(batch, job=job, code="", not_before=0.0)

    def postpone(self, batch: Batch, tries: int, code: str, not_before: float) -> None:
        self._remember(batch, code=code, not_before=not_before, attempts=outbox.c.attempts + tries)

    def _remember(self, batch: Batch, **values: Any) -> None:
        same = outbox.c.idempotency_key == batch.idempotency_key
        with self._writing() as connection:
            connection.execute(update(outbox).where(same).values(values))

    def enqueue(self, run: int, generation: int, batches: Iterable[tuple[Operation, pa.RecordBatch]], held: int) -> int:
        queued = 0
        with self._writing() as connection:
            rows: list[dict[str, Any]] = []
            for position, (operation, content) in enumerate(batches):
                key = f"{self._sync}-{run}-{position}"
                rows.append(self._row(run, generation, Batch(position, operation, key, content)))
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
            before = connection.scalar(select(func.max(receipts.c.seq))) or 0
            if rows := self._receipts(run, home.generation, batch, verdicts, at):
                connection.execute(insert(receipts), rows)
                self._move_state(connection, before, batch, verdicts, at)
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

    def conclude(self, run: int, status: Status, reason: str, at: datetime) -> Counts:
        with self._writing() as connection:
            return self._close(connection, run, status, reason, at)

    def last_receipt(self) -> int:
        return last_receipt(self._store, self._sync)

    def _close(self, connection: Connection, run: int, status: Status, reason: str, at: datetime) -> Counts:
        of_run = select(receipts.c.verdict, func.count()).where(receipts.c.run_id == run).group_by(receipts.c.verdict)
        by_verdict: dict[str, int] = {row[0]: row[1] for row in connection.execute(of_run).all()}
        found = {name: by_verdict.get(name, 0) for name in ("ok", "rejected", "unknown")}
        closed = (
            update(sync_runs)
            .where(sync_runs.c.run_id == run)
            .values(status=status, reason=reason, finished_at=at, in_flight=self._in_flight(connection), **found)
            .returning(*[sync_runs.c[name] for name in Counts.__dataclass_fields__])
        )
        return Counts(*[int(count) for count in connection.execute(closed).one()])

    def _in_flight(self, connection: Connection) -> int:
        rows = select(func.coalesce(func.sum(outbox.c.row_count), 0)).where(outbox.c.sync == self._sync)
        return self._numbers(connection, rows)[0]

    def _numbers(self, connection: Connection, statement: Select[Any]) -> list[int]:
        return [int(row[0]) for row in connection.execute(statement).all()]

    def _batch(self, connection: Connection, row: Row[Any]) -> Batch:
        operation, rows = Operation(row.operation), unpacked(row.payload)
        batch = Batch(row.position, operation, row.idempotency_key, rows, row.job, row.not_before)
        return batch if operation is Operation.ADD else replace(batch, remote_ids=self._names(connection, batch.keys))

    def _names(self, connection: Connection, keys: Sequence[str]) -> dict[str, str]:
        named = (acknowledged.c.sync == self._sync) & acknowledged.c.remote_id.is_not(None)
        found: dict[str, str] = {}
        for start in range(0, len(keys), _NAMED_AT_ONCE):
            these = acknowledged.c.key.in_(keys[start : start + _NAMED_AT_ONCE])
            known = select(acknowledged.c.key, acknowledged.c.remote_id).where(named, these)
            found |= {row.key: row.remote_id for row in connection.execute(known)}
        return found

    def _home(self, connection: Connection, batch: Batch) -> Row[Any]:
        found = select(outbox.c.batch_id, outbox.c.run_id, outbox.c.generation).where(
            outbox.c.idempotency_key == batch.idempotency_key
        )
        return connection.execute(found).one()

    def _replace(self, connection: Connection, home: Row[Any], parts: Sequence[Batch]) -> None:
        connection.execute(delete(outbox).where(outbox.c.batch_id == home.batch_id))
        if parts:
            connection.execute(insert(outbox), [self._row(home.run_id, home.generation, part) for part in parts])

    def _row(self, run: int, generation: int | None, batch: Batch) -> dict[str, Any]:
        return {
            "sync": self._sync,
            "run_id": run,
            "generation": generation,
            "position": batch.position,
            "operation": batch.operation.value,
            "idempotency_key": batch.idempotency_key,
            "row_count": len(batch),
            "payload": packed(batch.rows),
        }

    def _receipts(
        self, run: int, generation: int | None, batch: Batch, verdicts: Sequence[RowVerdict | None], at: datetime
    ) -> list[dict[str, Any]]:
        shared = {
            "sync": self._sync,
            "destination": self._destination,
            "run_id": run,
            "operation": batch.operation.value,
            "at": at,
            "generation": generation,
        }
        return [
            {**shared, "key": key, "row_hash": row_hash, "verdict": verdict.verdict.value, "code": verdict.code}
            for key, row_hash, verdict in zip(batch.keys, batch.row_hashes, verdicts, strict=True)
            if verdict is not None
        ]

    def _move_state(
        self, connection: Connection, before: int, batch: Batch, verdicts: Sequence[RowVerdict | None], at: datetime
    ) -> None:
        accepted = (receipts.c.seq > before) & (receipts.c.sync == self._sync) & (receipts.c.verdict == Verdict.OK)
        accepted_keys = select(receipts.c.key).where(accepted)
        if batch.operation is Operation.REMOVE:
            gone = (acknowledged.c.sync == self._sync) & acknowledged.c.key.in_(accepted_keys)
            connection.execute(delete(acknowledged).where(gone))
        else:
            stands = select(receipts.c.sync, receipts.c.key, receipts.c.row_hash, receipts.c.at).where(accepted)
            arrived = self._upsert(acknowledged).from_select(["sync", "key", "row_hash", "at"], stands)
            connection.execute(_replacing(arrived, "row_hash", "at"))
            self._name_remotely(connection, batch, verdicts)
        cleared = (rejections.c.sync == self._sync) & rejections.c.key.in_(accepted_keys)
        connection.execute(delete(rejections).where(cleared))
        if refused := self._refused(batch, verdicts, at):
            values = self._upsert(rejections)
            connection.execute(_replacing(values, "row_hash", "operation", "code", "reason", "at"), refused)

    def _name_remotely(self, connection: Connection, batch: Batch, verdicts: Sequence[RowVerdict | None]) -> None:
        names = [
            {"of_key": key, "name": verdict.remote_id}
            for key, verdict in zip(batch.keys, verdicts, strict=True)
            if verdict is not None and verdict.remote_id
        ]
        if names:
            same = (acknowledged.c.sync == self._sync) & (acknowledged.c.key == bindparam("of_key"))
            connection.execute(update(acknowledged).where(same).values(remote_id=bindparam("name")), names)

    def _refused(self, batch: Batch, verdicts: Sequence[RowVerdict | None], at: datetime) -> list[dict[str, Any]]:
        return [
            {
                "sync": self._sync,
                "key": key,
                "row_hash": row_hash,
                "operation": batch.operation.value,
                "code": verdict.code,
                "reason": verdict.reason,
                "at": at,
            }
            for key, row_hash, verdict in zip(batch.keys, batch.row_hashes, verdicts, strict=True)
            if verdict is not None and verdict.verdict is Verdict.REJECTED
        ]

    def _upsert(self, table: Any) -> Any:
        return (postgresql if self._store.dialect == "postgresql" else sqlite).insert(table)


def last_receipt(store: Store, sync: str) -> int:
    """The newest sequence number among a sync's receipts, 0 before the first."""
    with store.reading() as connection:
        newest = connection.scalar(select(func.max(receipts.c.seq)).where(receipts.c.sync == sync))
    return newest or 0


def _replacing(upsert: Any, *columns: str) -> Any:
    return upsert.on_conflict_do_update(
        index_elements=["sync", "key"], set_={column: upsert.excluded[column] for column in columns}
    )
