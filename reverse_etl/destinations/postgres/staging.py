"""A batch's rows as texts in a temporary table, and what becomes of them from there."""

from __future__ import annotations

from io import BytesIO

import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from psycopg2.sql import SQL, Composed

from reverse_etl.destinations.postgres import statements
from reverse_etl.destinations.postgres.connection import Session
from reverse_etl.destinations.postgres.meaning import is_about_data, verdict_of
from reverse_etl.engine.words import RowVerdict, Verdict

# All valid values in quotes: what is empty without them is null.
_AS_TEXT = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")
_NUL = RowVerdict(Verdict.REJECTED, "nul_character", "PostgreSQL holds no text with the character 0")
# What is refused goes back to it; what is taken leaves it behind.
_KEPT = SQL("savepoint part; ")

Refused = dict[int, RowVerdict]


def stage(session: Session, rows: pa.RecordBatch) -> Refused:
    """Copy what can be a text in PostgreSQL; gives what cannot.

    Raises pyarrow.ArrowException where a column has no text.
    """
    bad = _has_nul(rows)
    positions = pa.array(range(rows.num_rows), pa.int32())
    staged = pa.RecordBatch.from_arrays([positions, *rows.columns], names=["_position", *rows.schema.names])
    content = BytesIO()
    pa_csv.write_csv(staged.filter(pc.invert(bad)), content, _AS_TEXT)
    content.seek(0)
    session.execute("set constraints all immediate")
    session.execute(statements.stage(rows.num_columns))
    session.copy(statements.COPY, content)
    return dict.fromkeys(positions.filter(bad).to_pylist(), _NUL)


def apply(session: Session, change: Composed, start: int, stop: int) -> tuple[set[int], Refused]:
    """Apply the rows from `start` to before `stop`: the positions that `change` returns, and those refused, which are
    found by halves.
    """
    try:
        taken = session.execute(_KEPT + change, start, stop)
    except psycopg2.Error as error:
        if not is_about_data(error):
            raise
        session.execute("rollback to savepoint part")
        if stop - start == 1:
            return set(), {start: verdict_of(error)}
    else:
        return {row[0] for row in taken}, {}
    middle = (start + stop) // 2
    (some, bad), (others, worse) = apply(session, change, start, middle), apply(session, change, middle, stop)
    return some | others, bad | worse


def _has_nul(rows: pa.RecordBatch) -> pa.BooleanArray:
    found = pa.array([False] * rows.num_rows)
    for column in rows.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            found = pc.or_(found, pc.fill_null(pc.match_substring(column, "\0"), False))
    return found
