"""Checkpoints in the lake: what of a sync's receipts can still matter, with fingerprints of what stands (ADR 22)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from cdp.landing.lake import Lake, parquet_relation
from cdp.warehouse.port import Warehouse
from cdp.warehouse.raw import PROJECTED, projected_parts
from reverse_etl.declarations import Sync
from reverse_etl.engine.checkpoint import Checkpoint, KeepingReader
from reverse_etl.engine.columns import lacking
from reverse_etl.engine.diff import ANSWER, answers, keyed_model, read, relation, row_hash
from reverse_etl.engine.unsettled import fingerprint

_FORMAT = 1
_AT_ONCE = 2_000_000
_REPETITIVE = ["operation", "verdict"]
_KEPT = 2  # a plan may still read the one before
_NEW_SHARE, _NEW_PARTS = 10, 100

_TOUCHED = """
select hash(key) as key_hash from newer union select key_hash from checkpoint where fingerprint is null
"""

_POOL = """
select seq, key, operation, verdict, row_hash, remote_id from newer
union all
select seq, key, operation, verdict, row_hash, remote_id from checkpoint
where fingerprint is null or key_hash in (select key_hash from touched)
"""

_LATEST = """
select key,
    max(case when verdict = 'ok' then seq end) as ok_seq,
    max(case when verdict <> 'ok' then seq end) as failed_seq
from pool
group by key
"""

# The last answer that was accepted, unless it took the row out, and the last failure, where it is newer.
_LAST = """
select pool.*, hash(pool.key) as key_hash
from pool join latest on latest.key = pool.key
where (pool.seq = latest.ok_seq and pool.operation <> 'remove')
    or (pool.seq = latest.failed_seq and coalesce(latest.ok_seq < latest.failed_seq, true))
"""

# By two answers about one key, or by two keys.
_SHARED = "select key_hash from last group by key_hash having count(*) > 1"

_PRINTS = """
select _key, min(_row_hash) as _row_hash, min(_fingerprint) as _fingerprint
from printed where hash(_key) in (select key_hash from touched)
group by _key having count(*) = 1
"""

_ROWS = """
select seq, key, operation, verdict, row_hash, remote_id, key_hash, fingerprint
from checkpoint
where fingerprint is not null and key_hash not in (select key_hash from touched)
union all
select
    last.seq, last.key, last.operation, last.verdict, last.row_hash, last.remote_id, last.key_hash,
    case when last.verdict = 'ok' and shared.key_hash is null then prints._fingerprint end as fingerprint
from last
left join prints on prints._key = last.key and prints._row_hash = last.row_hash
left join shared on shared.key_hash = last.key_hash
"""


_COLUMNS = {**{name: PROJECTED["receipts"][name] for name in ANSWER}, "key_hash": "ubigint", "fingerprint": "ubigint"}
_TYPES = {"bigint": pa.int64(), "ubigint": pa.uint64(), "varchar": pa.string()}
_SCHEMA = pa.schema([(name, _TYPES[kind]) for name, kind in _COLUMNS.items()])


class Checkpoints:
    """Files `<sync>-<what it maps>-<last receipt>.parquet` in the lake, each of all receipts up to that one."""

    def __init__(self, lake: Lake, worthwhile: int = 2_000_000) -> None:
        """A first checkpoint of no more than `worthwhile` receipts would cost more than it saves."""
        self._lake, self._folder, self._worthwhile = lake, lake.root / "raw" / "receipts" / "checkpoints", worthwhile

    def newest(self, sync: Sync) -> Checkpoint | None:
        """What a plan of the sync may start from; None where there is none of what it maps now."""
        file = self._newest_file(sync)
        if file is None:
            return None
        newer = self._newer(file)
        return Checkpoint(parquet_relation([file]), _receipts(newer))

    def is_due(self, sync: Sync) -> bool:
        """Whether so much is newer than the last checkpoint that a plan would take long over it."""
        file = self._newest_file(sync)
        newer = self._newer(file)
        rows = sum(pq.read_metadata(part).num_rows for part in newer)
        enough = pq.read_metadata(file).num_rows // _NEW_SHARE if file else self._worthwhile
        return rows > enough or len(newer) > _NEW_PARTS

    def renew(self, sync: Sync, warehouse: Warehouse) -> None:
        """Make a checkpoint where one is due and the engine reads it. Whoever calls holds the sync's lease."""
        if not self.is_due(sync):
            return
        with warehouse.reader() as reader:
            if isinstance(reader, KeepingReader) and not lacking(reader, sync):
                self._make(reader, sync)

    def _make(self, reader: KeepingReader, sync: Sync) -> None:
        file = self._newest_file(sync)
        newer = self._newer(file)
        before = Checkpoint(parquet_relation([file]) if file else _no_rows(_COLUMNS), _receipts(newer))
        slices = 1 + sum(pq.read_metadata(part).num_rows for part in (*newer, *([file] if file else []))) // _AT_ONCE
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f"{sync.name}.tmp"
        with unfinished.open("wb") as target:
            with pq.ParquetWriter(target, _SCHEMA, compression="lz4", use_dictionary=_REPETITIVE) as writer:
                for batch in _put_together(reader, sync, before, slices):
                    writer.write_batch(batch)
            target.flush()
            os.fsync(target.fileno())
        unfinished.replace(self._folder / f"{sync.name}-{_mapped(sync)}-{_last(newer[-1]):012d}.parquet")
        for old in self._files(f"{sync.name}-*")[:-_KEPT]:
            old.unlink(missing_ok=True)

    def _newest_file(self, sync: Sync) -> Path | None:
        files = self._files(f"{sync.name}-{_mapped(sync)}-*")
        ends = {_last(part) for part in projected_parts(self._lake, "receipts")}
        for file in files:
            if _last(file) not in ends:  # of a store that was lost: its numbers will be given to other receipts
                file.unlink(missing_ok=True)
        return next((file for file in reversed(files) if _last(file) in ends), None)

    def _files(self, pattern: str) -> list[Path]:
        """Oldest first."""
        return sorted(self._folder.glob(f"{pattern}.parquet"), key=_last)

    def _newer(self, file: Path | None) -> list[Path]:
        after = _last(file) if file else 0
        return [part for part in projected_parts(self._lake, "receipts") if _last(part) > after]


def _put_together(reader: KeepingReader, sync: Sync, before: Checkpoint, slices: int) -> Iterator[pa.RecordBatch]:
    """The rows of a checkpoint of everything in `before` and newer; by slices of keys, for memory's sake."""
    newer, known = answers(relation(reader, before.newer), sync), exp.select("*").from_(relation(reader, before.rows))
    touched = read(_TOUCHED).with_("newer", as_=newer).with_("checkpoint", as_=known)
    kept = exp.select("*").from_(relation(reader, reader.keep("touched", touched.sql(dialect=reader.dialect))))
    fields = {field: field for field in sync.fields.values()}
    hashes = [exp.alias_(row_hash(fields), "_row_hash"), exp.alias_(fingerprint(fields), "_fingerprint")]
    printed = exp.select("_key", *hashes).from_(keyed_model(reader, sync).subquery("model"))
    for number in range(slices):
        rows = (
            read(_ROWS)
            .with_("touched", as_=kept.where(f"key_hash % {slices} = {number}"))
            .with_("newer", as_=newer.where(f"hash(key) % {slices} = {number}"))
            .with_("checkpoint", as_=known.where(f"key_hash % {slices} = {number}"))
            .with_("printed", as_=printed.where(f"hash(_key) % {slices} = {number}"))
            .with_("prints", as_=read(_PRINTS))
            .with_("pool", as_=read(_POOL))
            .with_("latest", as_=read(_LATEST))
            .with_("last", as_=read(_LAST))
            .with_("shared", as_=read(_SHARED))
        )
        yield from reader.query(rows.sql(dialect=reader.dialect))


def _receipts(parts: list[Path]) -> str:
    nothing = _no_rows(PROJECTED["receipts"])
    if not parts:
        return nothing
    # An older version wrote fewer columns; the newest part is the first to have a new one.
    is_whole = set(PROJECTED["receipts"]) <= set(pq.read_schema(parts[-1]).names)
    found = parquet_relation(parts)
    return found if is_whole else f"(select * from {nothing} as none union all by name select * from {found} as some)"


def _no_rows(columns: dict[str, str]) -> str:
    return f"(select {', '.join(f'cast(null as {kind}) as {name}' for name, kind in columns.items())} where false)"


def _mapped(sync: Sync) -> str:
    """Another text where a row of the model could mean another row at the tool, or have another fingerprint."""
    what = [_FORMAT, duckdb.__version__, sync.names, sync.target, sync.model, sorted(sync.fields.items())]
    return hashlib.sha256(repr(what).encode()).hexdigest()[:12]


def _last(file: Path) -> int:
    return int(file.stem.rpartition("-")[2])
