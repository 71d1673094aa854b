"""Receipts on their way home: from the operational store into the lake, where the warehouse reads them (ADR 5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Row, func, select

from cdp.errors import ConfigurationError, Location
from cdp.landing.lake import parquet_relation
from cdp.store import Store
from cdp.store.schema import receipts
from cdp.warehouse.raw import RECEIPT_COLUMNS
from reverse_etl.payload import unpacked

_BATCHES_AT_ONCE = 20
_PATIENCE = 60.0

SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("sync", pa.string()),
        ("destination", pa.string()),
        ("run_id", pa.int64()),
        ("key", pa.string()),
        ("operation", pa.string()),
        ("verdict", pa.string()),
        ("row_hash", pa.string()),
        ("code", pa.string()),
        ("reason", pa.string()),
        ("remote_id", pa.string()),
        ("at", pa.timestamp("us")),
        ("generation", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class KeyReceipt:
    """What a destination once said about one key."""

    at: datetime
    operation: str
    verdict: str
    code: str
    reason: str
    row_hash: str
    destination: str
    generation: int | None


_STANDING = """
select
    coalesce(sum(case when ok_seq is not null and operation <> 'remove' then 1 end), 0),
    coalesce(sum(case when last_verdict = 'rejected' then 1 end), 0)
from (
    select
        max(case when verdict = 'ok' then seq end) as ok_seq,
        arg_max(operation, case when verdict = 'ok' then seq end) as operation,
        arg_max(verdict, seq) as last_verdict
    from {receipts} where sync = ? group by key
) as keys
"""
_OF_KEY = """
select "at", operation, verdict, code, coalesce(reason, ''), row_hash, destination, generation
from {receipts} where sync = ? and key = ? order by seq desc
"""


class ReceiptsProjection:
    """Parts `lake/raw/receipts/receipts/<first_seq>-<last_seq>.parquet`, one per catching up."""

    def __init__(self, store: Store, lake: Path) -> None:
        self._store, self._folder = store, lake / "raw" / "receipts" / "receipts"

    def watermark(self) -> int:
        """The newest sequence number in the lake, 0 before the first part."""
        return max((int(part.stem.split("-")[1]) for part in self._folder.glob("*-*.parquet")), default=0)

    def relation(self) -> str:
        """What has landed, as SQL for DuckDB; empty and typed before the first part."""
        parts = sorted(self._folder.glob("*-*.parquet"))
        typed = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in RECEIPT_COLUMNS.items())
        return parquet_relation(parts) if parts else f"(select {typed} where false)"

    def standing(self, sync: str) -> tuple[int, int]:
        """How many keys a sync's tool holds of ours, and about how many its last word was a refusal."""
        with duckdb.connect() as engine:
            held, refused = engine.execute(_STANDING.format(receipts=self.relation()), [sync]).fetchall()[0]
        return int(held), int(refused)

    def of_key(self, sync: str, key: str) -> list[KeyReceipt]:
        """Every receipt of one key, newest first."""
        with duckdb.connect() as engine:
            rows = engine.execute(_OF_KEY.format(receipts=self.relation()), [sync, key]).fetchall()
        return [KeyReceipt(*row) for row in rows]

    def catch_up(self) -> int:
        """Append a part with every receipt that is newer than the watermark; gives the new watermark.

        Raises ConfigurationError where the lake knows receipts that the store does not.
        """
        with self._store.lease("receipts", patience=_PATIENCE):
            watermark, newest = self.watermark(), self._newest()
            if newest < watermark:
                raise ConfigurationError(
                    f"the lake has receipts up to number {watermark}, the operational store only up to {newest}.",
                    where=Location(self._folder),
                    remedy="They are not of one project, or the store was lost: restore it before anything is sent.",
                )
            if newest > watermark:
                self._write(watermark, newest)
            return newest

    def _newest(self) -> int:
        with self._store.reading() as connection:
            return connection.scalar(select(func.max(receipts.c.seq))) or 0

    def _write(self, after: int, newest: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / "unfinished.tmp"
        with unfinished.open("wb") as file:
            with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
                for batch in self._read(after, newest):
                    writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._folder / f"{after + 1:012d}-{newest:012d}.parquet")
        _sync_folder(self._folder)

    def _read(self, after: int, newest: int) -> Iterator[pa.RecordBatch]:
        wanted = select(receipts).where(receipts.c.seq > after, receipts.c.seq <= newest).order_by(receipts.c.seq)
        with self._store.reading() as connection:
            for batch in connection.execution_options(yield_per=_BATCHES_AT_ONCE).execute(wanted):
                yield _by_row(batch)


def _by_row(batch: Row[Any]) -> pa.RecordBatch:
    verdicts = unpacked(batch.verdicts)
    columns = [
        verdicts.column(field.name)
        if field.name in verdicts.schema.names
        else pa.repeat(pa.scalar(getattr(batch, field.name), field.type), verdicts.num_rows)
        for field in SCHEMA
    ]
    return pa.record_batch(columns, schema=SCHEMA)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
