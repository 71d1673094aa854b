"""Staged rows become files in the inbox, each written aside and then renamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from operator import itemgetter

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from cdp.demo.engine import open_engine, run_script, set_variables
from cdp.demo.inbox_files import write_inbox_file
from cdp.demo.places import Places, packaged
from cdp.demo.streams import CRM, STREAMS, Stream

BATCH_ROWS = 50_000
WORKERS = 2
WINDOW_ROWS = 1_500_000
"""Rows of one stream that are sorted at once: bounds memory, whatever the size of the world."""


@dataclass(frozen=True, slots=True)
class Due:
    """The days whose files are due: from `since` up to, not including, `until`."""

    since: date
    until: date

    def windows(self, number: int) -> Iterator[Due]:
        """The same days in at most `number` parts."""
        days = (self.until - self.since).days
        step = max(1, -(-days // max(1, number)))
        starts = [self.since + timedelta(offset) for offset in range(0, days, step)]
        return (Due(start, end) for start, end in pairwise([*starts, self.until]))


def deliver(places: Places, due: Due, *, progress: Callable[[str], None] = lambda _: None) -> int:
    """Write every file that is due into the inbox; the number of files.

    The same days give the same files, however they are divided into deliveries. `progress` is told of each stream.
    """
    written = 0
    with open_engine(places.folder) as engine, ThreadPoolExecutor(WORKERS) as pool:
        run_script(engine, "files", "macros.sql")
        tasks = {pool.submit(_deliver_stream, engine.cursor(), places, stream, due): stream for stream in STREAMS}
        for task in as_completed(tasks):
            written += task.result()
            progress(f"delivered: {tasks[task].name}")
    return written


def crm_changes(engine: duckdb.DuckDBPyConnection, places: Places, due: Due, columns: str) -> pa.RecordBatchReader:
    """What sales did to the CRM's contacts on the days that are due: the last change of each contact."""
    _show(engine, places, CRM, due)
    return engine.sql(
        f"select operation, {columns} from due"
        " qualify row_number() over (partition by contact_id order by position desc) = 1 order by contact_id"
    ).to_arrow_reader(BATCH_ROWS)


def _show(engine: duckdb.DuckDBPyConnection, places: Places, name: str, due: Due) -> None:
    set_variables(engine, staged=str(places.world / name / "*.parquet"), since=due.since, until=due.until)
    engine.execute(
        "create or replace temporary view due as select * from read_parquet(getvariable('staged'))"
        " where delivered_on >= getvariable('since') and delivered_on < getvariable('until')"
        " order by file, position"
    )


def _rows_due(engine: duckdb.DuckDBPyConnection, places: Places, name: str, due: Due) -> int:
    _show(engine, places, name, due)
    [(rows,)] = engine.execute("select count(*) from due").fetchall()
    return int(rows)


def _deliver_stream(engine: duckdb.DuckDBPyConnection, places: Places, stream: Stream, due: Due) -> int:
    windows = due.windows(_rows_due(engine, places, stream.name, due) // WINDOW_ROWS + 1)
    return sum(_deliver_window(engine, places, stream, window) for window in windows)


def _deliver_window(engine: duckdb.DuckDBPyConnection, places: Places, stream: Stream, due: Due) -> int:
    _show(engine, places, stream.name, due)
    rows = engine.sql(_rendering(stream)).to_arrow_reader(BATCH_ROWS)
    files = 0
    for name, batches in groupby(_by_file(rows), key=itemgetter(0)):
        write_inbox_file(places.inbox / name, stream, rows.schema, (batch for _, batch in batches))
        files += 1
    return files


def _rendering(stream: Stream) -> str:
    if stream.format == "parquet":
        return "select * exclude (delivered_on, position) from due"
    return packaged("sql", "files", f"{stream.name}.sql").read_text(encoding="utf-8")


def _by_file(reader: pa.RecordBatchReader) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Runs of rows of one file; a file may go on in the next batch."""
    for batch in reader:
        runs = pc.run_end_encode(batch.column("file"))
        rows = batch.drop_columns(["file"])
        start = 0
        for name, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            yield name, rows.slice(start, end - start)
            start = end
