"""What tools reported to the operational store, landed as a source: every event once (ADR 23)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Row, func, select, update

from cdp.declarations.sources import InboundLanding, SourceTable
from cdp.errors import ConfigurationError, Location
from cdp.landing.batch import Batch
from cdp.landing.files import FileOutcome
from cdp.landing.lake import Lake, parquet_relation
from cdp.project import Project
from cdp.store import Store, open_store
from cdp.store.schema import inbound

_ROWS_PER_BATCH = 20_000
_SCHEMA = pa.schema(
    [
        ("inbound_id", pa.int64()),
        ("destination", pa.string()),
        ("event_id", pa.string()),
        ("kind", pa.string()),
        ("channel", pa.string()),
        ("email", pa.string()),
        ("phone", pa.string()),
        ("message_key", pa.string()),
        ("remote_id", pa.string()),
        ("campaign", pa.string()),
        ("detail", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("received_at", pa.timestamp("us")),
    ]
)


class InboundEvents:
    """The events of one project on their way into the lake, which knows by itself how far they have come."""

    def __init__(self, project: Project, tables: Sequence[SourceTable]) -> None:
        self._project, self._lake = project, Lake(project.lake)
        self._table = next((table for table in tables if isinstance(table.landing, InboundLanding)), None)

    def land(self, batch: Batch) -> list[tuple[SourceTable, FileOutcome]]:
        """Write what is newer than all that has landed; gives the table where there was any.

        Raises ConfigurationError where the lake knows events that the store does not.
        """
        if self._table is None:
            return []
        self.note_landed()
        after, _ = self._landed()
        with closing(open_store(self._project.store_url)) as store:
            _refuse_other_store(store, after, self._lake)
            reader = pa.RecordBatchReader.from_batches(_SCHEMA, _events(store, after))
            batch.connection.register("inbound_rows", reader)
            outcome = batch.write_query(self._table, "select * from inbound_rows", "inbound_id")
            batch.connection.unregister("inbound_rows")
        return [(self._table, outcome)] if outcome.landed else []

    def note_landed(self) -> None:
        """Tell the store what the lake has, whoever put it there; addresses go some days after they have landed.

        A landing that was cut off after its commit is caught up with by the next.
        """
        if self._table is None:
            return
        newest, number = self._landed()
        keep = timedelta(days=self._project.settings.store.outbox_days)
        landed = inbound.c.landed_batch.is_(None) & (inbound.c.inbound_id <= newest)
        outlived = inbound.c.landed_batch.is_not(None) & (inbound.c.received_at < self._project.clock.now() - keep)
        with closing(open_store(self._project.store_url)) as store, store.writing() as connection:
            connection.execute(update(inbound).where(landed).values(landed_batch=number))
            connection.execute(update(inbound).where(outlived, inbound.c.address.is_not(None)).values(address=None))

    def _landed(self) -> tuple[int, int]:
        """Number of the newest event in the lake, and of the batch that brought it."""
        assert self._table is not None
        parts = self._lake.parts(self._table.source, self._table.name)
        return (_newest(parts[-1]), int(parts[-1].stem)) if parts else (0, 0)


def waiting(store: Store) -> int:
    """Number of the newest event that has not landed, 0 where all have."""
    with store.reading() as connection:
        return connection.scalar(select(func.max(inbound.c.inbound_id)).where(inbound.c.landed_batch.is_(None))) or 0


def _refuse_other_store(store: Store, landed: int, lake: Lake) -> None:
    with store.reading() as connection:
        newest = connection.scalar(select(func.max(inbound.c.inbound_id))) or 0
    if newest < landed:
        raise ConfigurationError(
            f"the lake has feedback up to number {landed}, the operational store only up to {newest}.",
            where=Location(lake.root),
            remedy="They are not of one project, or the store was lost: restore it, or what comes now would not land.",
        )


def _newest(part: Path) -> int:
    with duckdb.connect() as engine:
        [(newest,)] = engine.execute(f"select max(inbound_id) from {parquet_relation([part])}").fetchall()
    return int(newest)


def _events(store: Store, after: int) -> Iterator[pa.RecordBatch]:
    wanted = select(inbound).where(inbound.c.inbound_id > after).order_by(inbound.c.inbound_id)
    with store.reading() as connection:
        found = connection.execution_options(yield_per=_ROWS_PER_BATCH).execute(wanted)
        for rows in found.partitions():
            yield pa.RecordBatch.from_pylist([_landing_row(row) for row in rows], schema=_SCHEMA)


def _landing_row(row: Row[Any]) -> dict[str, Any]:
    """An address goes under its kind: a column says what it holds (`address` in the declaration)."""
    said = row._asdict()
    return {**said, "email": None, "phone": None, str(said["address_kind"]): said["address"]}
