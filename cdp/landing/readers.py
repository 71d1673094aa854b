"""Each format into one shape: the table `incoming`, one row per record, nothing judged yet.

`incoming` has `_file`, `_line`, `_text` (the record as it stood, where cheap), `_problem` (why not,
else null), then one column per column found, in the type the format gives it. A reader returns the lines each file holds.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp.declarations.sources import CsvLanding, SourceTable
from cdp.errors import LandingError
from cdp.landing.discovery import InboxFile
from cdp.landing.lake import quoted
from cdp.landing.transcode import UNDECODABLE, is_utf8, to_utf8

MAX_LINE_BYTES = 32 << 20
LINES = (
    "columns = {line: 'varchar'}, delim = '\\0', quote = '', escape = '', header = false, auto_detect = false, "
    f"max_line_size = {MAX_LINE_BYTES}, filename = true"
)
MALFORMED = "malformed line"
Connection = duckdb.DuckDBPyConnection


class UnreadableError(LandingError):
    """Files that cannot be read as their declared format. The message never quotes their content."""


def read_into_incoming(
    connection: Connection, table: SourceTable, files: Sequence[InboxFile], scratch: Path
) -> dict[int, int]:
    """Fill `incoming` from `files`; returns the number of records each file holds, by file number.

    Raises UnreadableError where one of the files is not what it should be; nothing is filled then.
    """
    try:
        match table.landing.format:
            case "parquet":
                return _read_parquet(connection, files)
            case "csv":
                return _read_csv(connection, table, files, scratch)
            case "ndjson":
                return _read_ndjson(connection, table, files, scratch)
            case _:
                return _read_json(connection, table, files)
    except duckdb.IOException as error:
        if "space" in str(error):
            raise
        raise UnreadableError(f"not readable as {table.landing.format}.") from None
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.SerializationException) as error:
        raise UnreadableError(f"not readable as {table.landing.format} ({type(error).__name__}).") from None


def quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _name_files(connection: Connection, files: Sequence[InboxFile], paths: Sequence[Path]) -> None:
    numbered = pa.table({"number": [file.number for file in files], "path": [str(path) for path in paths]})
    connection.register("numbered_files", numbered)
    connection.execute("create or replace temp table file_numbers as select * from numbered_files")
    connection.unregister("numbered_files")


def _path_list(paths: Iterable[Path]) -> str:
    return "[" + ", ".join(quoted(path) for path in paths) + "]"


def _read_parquet(connection: Connection, files: Sequence[InboxFile]) -> dict[int, int]:
    paths = [file.path for file in files]
    _name_files(connection, files, paths)
    connection.execute(
        "create or replace temp table incoming as select f.number as _file, r.file_row_number + 1 as _line, "
        "cast(null as varchar) as _text, cast(null as varchar) as _problem, r.* exclude (filename, file_row_number) "
        f"from read_parquet({_path_list(paths)}, union_by_name = true, filename = true, file_row_number = true) r "
        "join file_numbers f on f.path = r.filename"
    )
    return dict(connection.execute("select _file, count(*) from incoming group by _file").fetchall())


def _read_ndjson(
    connection: Connection, table: SourceTable, files: Sequence[InboxFile], scratch: Path
) -> dict[int, int]:
    paths = [file.path if is_utf8(file.path) else _as_utf8(file, "utf-8", scratch) for file in files]
    _name_files(connection, files, paths)
    connection.execute(
        "create or replace temp table lines as with numbered as ("
        f"select filename, line, row_number() over () as n from read_csv({_path_list(paths)}, {LINES})), "
        "first as (select filename, min(n) as n from numbered group by filename) "
        "select f.number as _file, r.n - first.n + 1 as _line, r.line as _text from numbered r "
        "join first using (filename) join file_numbers f on f.path = r.filename where r.line is not null"
    )
    return _read_objects(connection, table)


def _read_json(connection: Connection, table: SourceTable, files: Sequence[InboxFile]) -> dict[int, int]:
    paths = [file.path for file in files]
    _name_files(connection, files, paths)
    connection.execute(
        "create or replace temp table lines as with numbered as (select filename, cast(json as varchar) as line, "
        "row_number() over () as n "
        f"from read_json_objects({_path_list(paths)}, format = 'array', filename = true, "
        f"maximum_object_size = {MAX_LINE_BYTES})), "
        "first as (select filename, min(n) as n from numbered group by filename) "
        "select f.number as _file, r.n - first.n + 1 as _line, r.line as _text from numbered r "
        "join first using (filename) join file_numbers f on f.path = r.filename"
    )
    return _read_objects(connection, table)


def _read_objects(connection: Connection, table: SourceTable) -> dict[int, int]:
    """`incoming` from the table `lines`, each of which should be a JSON object."""
    connection.execute(
        "create or replace temp table objects as select *, json_valid(_text) and starts_with(ltrim(_text), '{') "
        f"and not contains(_text, '{UNDECODABLE}') as is_object from lines"
    )
    declared = [column.source_name for column in table.columns]
    keys = connection.execute(
        "select distinct unnest(json_keys(_text)) as key from objects where is_object order by key"
    ).fetchall()
    names = declared + [key for (key,) in keys if key not in declared]
    shape = json.dumps(dict.fromkeys(names, "VARCHAR"))
    fields = ", ".join(f"record.{quoted_name(name)} as {quoted_name(name)}" for name in names)
    connection.execute(
        "create or replace temp table incoming as with parsed as (select *, "
        f"case when is_object then from_json(_text, {quoted(shape)}) end as record from objects) "
        "select _file, _line, _text, case when not is_object then 'not a JSON object in UTF-8' end as _problem, "
        f"{fields} from parsed"
    )
    return dict(connection.execute("select _file, count(*) from lines group by _file").fetchall())


def _read_csv(connection: Connection, table: SourceTable, files: Sequence[InboxFile], scratch: Path) -> dict[int, int]:
    landing = table.landing
    assert isinstance(landing, CsvLanding)
    utf8 = landing.encoding.lower().replace("_", "-") in {"utf-8", "utf8"}
    paths = [file.path if utf8 and is_utf8(file.path) else _as_utf8(file, landing.encoding, scratch) for file in files]
    _name_files(connection, files, paths)
    groups: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in paths:
        groups[_header(path, landing)].append(path)
    _number_lines(connection, paths)
    for position, (header, members) in enumerate(groups.items()):
        _read_csv_group(connection, landing, header, members, first=position == 0)
    counts = dict(
        connection.execute("select _file, count(*) - 1 from csv_lines where starts group by _file").fetchall()
    )
    _refuse_lost_lines(connection, counts)
    return counts


def _as_utf8(file: InboxFile, encoding: str, scratch: Path) -> Path:
    return to_utf8(file.path, encoding, scratch / f"{file.number}.txt")


def _header(path: Path, landing: CsvLanding) -> tuple[str, ...]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        first = next(csv.reader(text, delimiter=landing.delimiter), None)
    if not first or len(set(first)) != len(first):
        raise UnreadableError("the header line is missing or repeats a name.")
    return tuple(first)


def _number_lines(connection: Connection, paths: Sequence[Path]) -> None:
    """`csv_lines`: each line with its number, whether a record starts there, and the number the CSV reader gives it."""
    connection.execute(
        "create or replace temp table numbered_lines as with numbered as ("
        f"select filename, line, row_number() over () as n from read_csv({_path_list(paths)}, {LINES})), "
        "first as (select filename, min(n) as n from numbered group by filename) "
        "select f.number as _file, r.n - first.n + 1 as n, r.line "
        "from numbered r join first using (filename) join file_numbers f on f.path = r.filename"
    )
    quotes = "length(line) - length(replace(line, '\"', ''))"
    (spanning,) = connection.execute(f"select count(*) from numbered_lines where ({quotes}) % 2 = 1").fetchall()[0]
    if not spanning:
        connection.execute(
            "create or replace temp table csv_lines as "
            "select *, line is not null as starts, n as csv_line from numbered_lines"
        )
        return
    connection.execute(
        "create or replace temp table csv_lines as with open as (select *, coalesce(sum("
        f"{quotes}) over (partition by _file order by n rows between unbounded preceding and 1 preceding), 0) % 2 "
        "as inside "
        "from numbered_lines) select _file, n, line, inside = 0 and line is not null as starts, "
        "sum(case when inside = 0 then 1 else 0 end) over (partition by _file order by n) as csv_line from open"
    )


def _read_csv_group(
    connection: Connection, landing: CsvLanding, header: tuple[str, ...], paths: Sequence[Path], *, first: bool
) -> None:
    columns = "{" + ", ".join(f"{quoted(name)}: 'varchar'" for name in header) + "}"
    names = ", ".join(quoted_name(name) for name in header)
    undecodable = " or ".join(f"contains(coalesce({quoted_name(name)}, ''), '{UNDECODABLE}')" for name in header)
    connection.execute("drop table if exists csv_errors; drop table if exists csv_scans")
    connection.execute(
        "create or replace temp table csv_rows as select row_number() over () as n, * "
        f"from read_csv({_path_list(paths)}, delim = {quoted(landing.delimiter)}, quote = '\"', escape = '\"', "
        f"header = true, columns = {columns}, auto_detect = false, nullstr = '', filename = true, "
        f"max_line_size = {MAX_LINE_BYTES}, store_rejects = true, rejects_table = 'csv_errors', "
        "rejects_scan = 'csv_scans')"
    )
    connection.execute(
        "create or replace temp table csv_group as "
        "with first as (select filename, min(n) as n from csv_rows group by filename) "
        "select f.number as _file, r.n - first.n + 1 as _line, cast(null as varchar) as _text, "
        f"case when {undecodable} then 'bytes that are not {landing.encoding}' end as _problem, {names} "
        "from csv_rows r join first using (filename) join file_numbers f on f.path = r.filename "
        "union all by name "
        "select f.number as _file, l.n as _line, min(l.line) as _text, "
        f"'{MALFORMED}: ' || lower(min(cast(e.error_type as varchar))) as _problem "
        "from csv_errors e join csv_scans s using (scan_id, file_id) join file_numbers f on f.path = s.file_path "
        "join csv_lines l on l._file = f.number and l.csv_line = e.line and l.starts group by f.number, l.n"
    )
    if first:
        connection.execute("create or replace temp table incoming as select * from csv_group")
    else:
        connection.execute(
            "create or replace temp table incoming as select * from incoming union all by name select * from csv_group"
        )


def _refuse_lost_lines(connection: Connection, counts: dict[int, int]) -> None:
    """An unclosed quote swallows what follows it: the file is refused rather than landed short."""
    read = dict(connection.execute("select _file, count(*) from incoming group by _file").fetchall())
    if any(read.get(file, 0) != records for file, records in counts.items()):
        raise UnreadableError("a quote that is never closed hides the lines after it.")
