"""The files of one table: read, judged, and gathered in the table `part`, file by file where one of them is bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp.declarations.sources import CsvLanding, SourceTable
from cdp.landing.discovery import InboxFile
from cdp.landing.judge import judge, missing_required
from cdp.landing.readers import MALFORMED, Incoming, UnreadableError, quoted_name, read_into_incoming


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file; `lines_in = landed + rejected` where it landed, and is null where it was refused."""

    file: InboxFile
    status: str
    reason: str | None = None
    lines_in: int | None = None
    landed: int = 0
    rejected: int = 0


def land_files(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, files: Sequence[InboxFile], scratch: Path
) -> list[FileOutcome]:
    """Gather the good rows of `files` in `part` and the bad ones in `set_aside`; one outcome per file, in order."""
    outcomes: list[FileOutcome] = []
    waiting = [list(files)]
    while waiting:
        chunk = waiting.pop()
        try:
            incoming = read_into_incoming(connection, table, chunk, scratch)
            _refuse_changed(chunk)
        except UnreadableError as error:
            if len(chunk) == 1:
                outcomes.append(FileOutcome(chunk[0], "refused", error.what))
            else:
                middle = len(chunk) // 2
                waiting += [chunk[middle:], chunk[:middle]]
            continue
        outcomes += _gather(connection, table, chunk, incoming)
    return outcomes


def _refuse_changed(files: Sequence[InboxFile]) -> None:
    if not all(file.is_as_found() for file in files):
        raise UnreadableError("it was still being written; the next landing looks at it again.")


def _gather(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, files: Sequence[InboxFile], incoming: Incoming
) -> list[FileOutcome]:
    new_columns = judge(connection, table, incoming.columns)
    missing = missing_required(connection, table, incoming.columns)
    refused = ", ".join(str(number) for number in missing) or "-1"
    names = [column.name for column in table.columns] + [column.name for column in new_columns]
    append_rows(
        connection,
        f"select {', '.join(map(quoted_name, names))}, _file, _line from judged "
        f"where _reason is null and _file not in (select unnest([{refused}]))",
    )
    tallies = _set_aside(connection, table, refused)
    return [_outcome(file, incoming.counts, tallies, missing) for file in files]


def append_rows(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Add rows to `part`, whose columns are the union of what has come so far."""
    exists = connection.execute("select 1 from duckdb_tables() where temporary and table_name = 'part'").fetchall()
    union = f"select * from part union all by name {query}" if exists else query
    connection.execute(f"create or replace temp table part as {union}")


def _set_aside(connection: duckdb.DuckDBPyConnection, table: SourceTable, refused: str) -> dict[int, int]:
    kept = f"j._reason is not null and j._file not in (select unnest([{refused}]))"
    if isinstance(table.landing, CsvLanding):
        _map_records_to_lines(connection)
        connection.execute(
            "insert into set_aside select j._file, coalesce(l.n, j._line), j._reason, coalesce(l.line, j._text) "
            "from judged j left join csv_records l on l._file = j._file and l.ordinal = j._line "
            f"and j._reason not like '{MALFORMED}%' where {kept}"
        )
    else:
        connection.execute(
            f"insert into set_aside select j._file, j._line, j._reason, j._text from judged j where {kept}"
        )
    return dict(
        connection.execute("select _file, count(*) from judged where _reason is not null group by _file").fetchall()
    )


def _map_records_to_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """`csv_records`: the line on which each well-formed record starts, by its ordinal."""
    connection.execute(
        "create or replace temp table csv_records as "
        "select _file, n, line, row_number() over (partition by _file order by n) - 1 as ordinal from csv_lines l "
        "where starts and not exists (select 1 from incoming i where i._file = l._file and i._line = l.n "
        f"and i._problem like '{MALFORMED}%')"
    )


def _outcome(file: InboxFile, counts: dict[int, int], tallies: dict[int, int], missing: dict[int, str]) -> FileOutcome:
    if column := missing.get(file.number):
        return FileOutcome(file, "refused", f"the required column `{column}` is missing")
    lines, rejected = counts.get(file.number, 0), tallies.get(file.number, 0)
    return FileOutcome(file, "landed", None, lines, lines - rejected, rejected)
