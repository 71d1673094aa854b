"""Receipts on their way home: from the operational store into the lake, where the warehouse reads them (ADR 5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import func, select

from cdp.errors import ConfigurationError, Location
from cdp.store import Store
from cdp.store.schema import receipts

_ROWS_AT_ONCE = 50_000
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
        ("at", pa.timestamp("us")),
        ("generation", pa.int64()),
    ]
)


class ReceiptsProjection:
    """Parts `lake/raw/receipts/receipts/<first_seq>-<last_seq>.parquet`, one per catching up."""

    def __init__(self, store: Store, lake: Path) -> None:
        self._store, self._folder = store, lake / "raw" / "receipts" / "receipts"

    def watermark(self) -> int:
        """The newest sequence number in the lake, 0 before the first part."""
        return max((int(part.stem.split("-")[1]) for part in self._folder.glob("*-*.parquet")), default=0)

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
        columns = [receipts.c[name] for name in SCHEMA.names]
        wanted = select(*columns).where(receipts.c.seq > after, receipts.c.seq <= newest).order_by(receipts.c.seq)
        with self._store.reading() as connection:
            rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(wanted)
            for partition in rows.partitions():
                arrays = zip(SCHEMA, zip(*partition, strict=True), strict=True)
                yield pa.record_batch([pa.array(values, field.type) for field, values in arrays], schema=SCHEMA)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
