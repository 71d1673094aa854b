"""Files of the inbox: written under another name, renamed when they are whole."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp.demo.streams import Stream


def write_inbox_file(target: Path, stream: Stream, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write one file of `stream`; its rows have the stream's columns, or one column `line`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".part")
    if stream.format == "parquet":
        _write_parquet(draft, schema, batches)
    else:
        _write_lines(draft, stream, batches)
    draft.replace(target)


def _write_parquet(draft: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    columns = schema.remove(schema.get_field_index("file"))
    with pq.ParquetWriter(draft, columns, use_dictionary=False, write_statistics=False) as writer:
        writer.write_table(pa.Table.from_batches(batches, columns))


def _write_lines(draft: Path, stream: Stream, batches: Iterable[pa.RecordBatch]) -> None:
    opening, separator, closing = stream.frame
    lead = opening
    with draft.open("w", encoding=stream.encoding, newline="") as file:
        for batch in batches:
            file.write(lead + separator.join(batch.column("line").to_pylist()))
            lead = separator
        file.write(closing)
