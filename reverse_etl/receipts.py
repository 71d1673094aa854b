"""Receipts on their way home: from the operational store into the lake, where the warehouse reads them (ADR 5)."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Column, Row, func, select

from cdp.errors import ConfigurationError, Location
from cdp.landing.lake import Lake
from cdp.store import Store
from cdp.store.schema import receipts, sync_runs
from cdp.warehouse.port import Warehouse
from cdp.warehouse.raw import PROJECTED, projected_relation
from reverse_etl.checkpoints import Checkpoints
from reverse_etl.declarations import Sync
from reverse_etl.engine.checkpoint import Checkpoint
from reverse_etl.payload import unpacked

_BATCHES_AT_ONCE, _RUNS_AT_ONCE = 20, 10_000
_PATIENCE = 60.0
_TYPES = {"bigint": pa.int64(), "varchar": pa.string(), "timestamp": pa.timestamp("us")}


def _schema(table: str) -> pa.Schema:
    return pa.schema([(name, _TYPES[kind]) for name, kind in PROJECTED[table].items()])


SCHEMA, RUNS_SCHEMA = _schema("receipts"), _schema("sync_runs")


@dataclass(frozen=True, slots=True)
class KeyReceipt:
    """What a destination once said about one key."""

    at: datetime
    operation: str
    verdict: str
    code: str
    reason: str
    row_hash: str
    target: str
    generation: int | None


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A sync that nobody declares any more, while `rows` rows of it stand at `target`."""

    sync: str
    target: str
    rows: int


_STANDING = """
select
    coalesce(sum(case when ok_seq is not null and operation <> 'remove' then 1 end), 0),
    coalesce(sum(case when last_verdict = 'rejected' then 1 end), 0)
from (
    select
        max(case when verdict = 'ok' then seq end) as ok_seq,
        arg_max(operation, case when verdict = 'ok' then seq end) as operation,
        arg_max(verdict, seq) as last_verdict
    from {receipts} where list_contains($names, sync) and coalesce(target = $target, true) group by key
) as keys
"""
_HELD = """
select key from {receipts}
where list_contains($names, sync) and coalesce(target = $target, true) and verdict = 'ok'
group by key having arg_max(operation, seq) <> 'remove' order by md5(key) limit $most
"""
_OF_KEY = """
select "at", operation, verdict, code, coalesce(reason, ''), row_hash, coalesce(target, destination), generation
from {receipts} where list_contains(?, sync) and key = ? order by seq desc
"""


class ReceiptsProjection:
    """Receipts, and the runs they are of, as parts `lake/raw/receipts/<table>/<first>-<last>.parquet`."""

    def __init__(self, store: Store, lake: Path) -> None:
        self._store, self._lake = store, Lake(lake)
        self._receipts, self._runs = _Log(lake, "receipts"), _Log(lake, "sync_runs")
        self._checkpoints = Checkpoints(self._lake)

    def watermark(self) -> int:
        """The newest sequence number in the lake, 0 before the first part."""
        return self._receipts.watermark()

    def standing(self, *names: str, target: str | None = None) -> tuple[int, int]:
        """How many keys the tool of a sync of these names holds of ours, and how many it has refused in the end.

        Of one list where its `target` is given, else of all that they ever kept.
        """
        held, refused = self._ask(_STANDING, {"names": list(names), "target": target})[0]
        return int(held), int(refused)

    def held(self, names: Sequence[str], target: str, most: int) -> list[str]:
        """Keys that a list holds of ours: all of them, or as many as `most` from anywhere among them."""
        found = self._ask(_HELD, {"names": list(names), "target": target, "most": most})
        return [str(key) for (key,) in found]

    def of_key(self, names: Sequence[str], key: str) -> list[KeyReceipt]:
        """Every receipt of one key of a sync of these names, newest first."""
        return [KeyReceipt(*row) for row in self._ask(_OF_KEY, [list(names), key])]

    def undeclared(self, names: Collection[str]) -> list[Undeclared]:
        """What stands at tools of syncs that have none of these names, by name."""
        known = [name for (name,) in self._ask("select distinct sync from {receipts} order by sync", [])]
        left = [(name, *self.standing(name)) for name in known if name not in names]
        return [Undeclared(name, self._last_target(name), held) for name, held, _ in left if held]

    def _last_target(self, name: str) -> str:
        last = "select arg_max(coalesce(target, destination), seq) from {receipts} where sync = ?"
        return str(self._ask(last, [name])[0][0])

    def catch_up(self) -> int:
        """Append a part with every receipt that is newer than the watermark; gives the new watermark.

        Raises ConfigurationError where the lake knows receipts that the store does not.
        """
        with self._store.lease("receipts", patience=_PATIENCE):
            newest = self._newest(receipts.c.seq)
            self._receipts.append(newest, self._batches)
            self._runs.append(self._newest(sync_runs.c.closed_seq), self._ended)
            return newest

    def table(self, query: str, parameters: dict[str, Any]) -> pa.Table:
        """What `query` finds, where `{receipts}` stands for all of them."""
        with duckdb.connect() as engine:
            relation = projected_relation(self._lake, "receipts")
            return engine.sql(query.format(receipts=relation), params=parameters).to_arrow_table()

    def checkpoint(self, sync: Sync) -> Checkpoint | None:
        return self._checkpoints.newest(sync)

    def renew_checkpoint(self, sync: Sync, warehouse: Warehouse) -> None:
        self._checkpoints.renew(sync, warehouse)

    def _ask(self, query: str, parameters: list[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        with duckdb.connect() as engine:
            relation = projected_relation(self._lake, "receipts")
            return engine.execute(query.format(receipts=relation), parameters).fetchall()

    def _newest(self, sequence: Column[int]) -> int:
        with self._store.reading() as connection:
            return connection.scalar(select(func.max(sequence))) or 0

    def _batches(self, after: int, newest: int) -> Iterator[pa.RecordBatch]:
        wanted = select(receipts).where(receipts.c.seq > after, receipts.c.seq <= newest).order_by(receipts.c.seq)
        with self._store.reading() as connection:
            for batch in connection.execution_options(yield_per=_BATCHES_AT_ONCE).execute(wanted):
                yield _by_row(batch)

    def _ended(self, after: int, newest: int) -> Iterator[pa.RecordBatch]:
        closed, columns = sync_runs.c.closed_seq, [sync_runs.c[name] for name in RUNS_SCHEMA.names]
        wanted = select(*columns).where(closed > after, closed <= newest).order_by(closed)
        with self._store.reading() as connection:
            found = connection.execution_options(yield_per=_RUNS_AT_ONCE).execute(wanted).mappings()
            for some in found.partitions():
                yield pa.RecordBatch.from_pylist([dict(row) for row in some], schema=RUNS_SCHEMA)


class _Log:
    """One table of the store that only grows, in the lake."""

    def __init__(self, lake: Path, table: str) -> None:
        self._folder, self._schema = lake / "raw" / "receipts" / table, _schema(table)

    def watermark(self) -> int:
        return max((int(part.stem.split("-")[1]) for part in self._folder.glob("*-*.parquet")), default=0)

    def append(self, newest: int, read: Callable[[int, int], Iterable[pa.RecordBatch]]) -> None:
        """A part with what `read` gives after the watermark, up to `newest`; none where that is nothing."""
        watermark = self.watermark()
        if newest < watermark:
            name = self._folder.name
            raise ConfigurationError(
                f"the lake has {name} up to number {watermark}, the operational store only up to {newest}.",
                where=Location(self._folder),
                remedy="They are not of one project, or the store was lost: restore it before anything is sent.",
            )
        if newest > watermark:
            self._write(watermark, newest, read(watermark, newest))

    def _write(self, after: int, newest: int, batches: Iterable[pa.RecordBatch]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / "unfinished.tmp"
        with unfinished.open("wb") as file:
            with pq.ParquetWriter(file, self._schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._folder / f"{after + 1:012d}-{newest:012d}.parquet")
        _sync_folder(self._folder)


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
