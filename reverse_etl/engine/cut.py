"""Cutting a plan's stream into batches that a destination takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.engine.plan import CHANGE
from reverse_etl.engine.words import Operation

_JSON_PER_VALUE = 8  # quotes, colon, comma, and some digits more than Arrow needs


def cut(stream: Iterable[pa.RecordBatch], max_rows: int, max_bytes: int) -> Iterator[tuple[Operation, pa.RecordBatch]]:
    """Batches of one operation each, in order, of at most `max_rows` rows and about `max_bytes` bytes of JSON."""
    waiting: list[pa.RecordBatch] = []
    current: Operation | None = None
    for operation, rows in _runs(stream):
        if operation is not current and current and waiting:
            yield from _sized(current, waiting, max_bytes)
            waiting = []
        current = operation
        for piece in _pieces(rows, max_rows, max_rows - sum(part.num_rows for part in waiting)):
            waiting.append(piece)
            if sum(part.num_rows for part in waiting) == max_rows:
                yield from _sized(operation, waiting, max_bytes)
                waiting = []
    if current and waiting:
        yield from _sized(current, waiting, max_bytes)


def _runs(stream: Iterable[pa.RecordBatch]) -> Iterator[tuple[Operation, pa.RecordBatch]]:
    for batch in stream:
        runs = pc.run_end_encode(batch.column(CHANGE))
        rows, start = batch.drop_columns([CHANGE]), 0
        for operation, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            yield Operation(operation), rows.slice(start, end - start)
            start = end


def _pieces(rows: pa.RecordBatch, size: int, first: int) -> Iterator[pa.RecordBatch]:
    if rows.num_rows:
        yield rows.slice(0, first)
    for start in range(first, rows.num_rows, size):
        yield rows.slice(start, size)


def _sized(
    operation: Operation, parts: list[pa.RecordBatch], max_bytes: int
) -> Iterator[tuple[Operation, pa.RecordBatch]]:
    for rows in _halved(pa.concat_batches(parts), max_bytes):
        yield operation, rows


def _halved(rows: pa.RecordBatch, max_bytes: int) -> Iterator[pa.RecordBatch]:
    per_row = sum(len(name) + _JSON_PER_VALUE for name in rows.schema.names)
    if rows.num_rows <= 1 or rows.nbytes + rows.num_rows * per_row <= max_bytes:
        yield rows
        return
    middle = rows.num_rows // 2
    yield from _halved(rows.slice(0, middle), max_bytes)
    yield from _halved(rows.slice(middle), max_bytes)
