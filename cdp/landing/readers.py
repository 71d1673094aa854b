"""Each format into one shape: the table `incoming`, one row per record, nothing judged yet.

`incoming` has `_file`, `_line`, `_text` (the record as it stood, where cheap), `_problem` (why it is no record, else
null), then one column per column found, in the type the format gives it. Those are numbered, since names in files may
differ by case alone, or mean something to SQL.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp.declarations.sources import CsvLanding, SourceTable
from cdp.errors import LandingError
from cdp.landing.discovery import InboxFile
from cdp.landing.lake import quoted, quoted_files
from cdp.landing.transcode import UNDECODABLE, is_utf8, to_utf8

MAX_LINE_BYTES = 32 << 20
LINES = (
    "columns = {line: 'varchar'}, delim = '\\0', quote = '', escape = '', header = false, auto_detect = false, "
    f"max_line_size = {MAX_LINE_BYTES}, filename = true"
)
QUOTES_IN_LINE = "length(line) - length(replace(line, '\"', ''))"
MALFORMED = "malformed line"
NESTED = ("STRUCT", "MAP", "UNION")
Connection = duckdb.DuckDBPyConnection


class UnreadableError(LandingError):
    """Files that cannot be read as their declared format. The message never quotes their content."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """`counts`: records by file number; `columns`: the column of `incoming`, by its name in the files."""

    counts: dict[int, int]
    columns: dict[str, str]


def read_into_incoming(
    connection: Connection, table: SourceTable, files: Sequence[InboxFile], scratch: Path
) -> Incoming:
    """Fill `incoming` from `files`.

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
    except FileNotFoundError:
        raise UnreadableError("it disappeared while it was being read.") from None
    except duckdb.IOException as error:
        if "space" in str(error):
            raise
        raise UnreadableError(f"not readable as {table.landing.format}.") from None
    except (
        duckdb.DataError,
        duckdb.ProgrammingError,
        duckdb.NotSupportedError,
        duckdb.SerializationException,
    ) as error:
        raise UnreadableError(f"not readable as {table.landing.format} ({type(error).__name__}).") from None


def numbered_columns(names: Iterable[str]) -> dict[str, str]:
    """A column of `incoming` for each name, the first mention counting."""
    return {name: f"c{position}" for position, name in enumerate(dict.fromkeys(names))}


def quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _name_files(connection: Connection, files: Sequence[InboxFile], paths: Sequence[Path]) -> None:
    numbered = pa.table({"number": [file.number for file in files], "path": [str(path) for path in paths]})
    connection.register("numbered_files", numbered)
    connection.execute("create or replace temp table file_numbers as select * from numbered_files")
    connection.unregister("numbered_files")


def _read_parquet(connection: Connection, files: Sequence[InboxFile]) -> Incoming:
    paths = [file.path for file in files]
    _name_files(connection, files, paths)
    relation = f"read_parquet({quoted_files(paths)}, union_by_name = true"
    found = connection.execute(f"describe select * from {relation})").fetchall()
    columns = numbered_columns(name for name, *_ in found)
    values = ", ".join(f"{_flat(name, kind)} as {columns[name]}" for name, kind, *_ in found)
    connection.execute(
        "create or replace temp table incoming as select f.number as _file, r.file_row_number + 1 as _line, "
        f"cast(null as varchar) as _text, cast(null as varchar) as _problem, {values} "
        f"from {relation}, filename = '_read_from', file_row_number = true) r "
        "join file_numbers f on f.path = r._read_from"
    )
    counts = dict(connection.execute("select _file, count(*) from incoming group by _file").fetchall())
    return Incoming(counts, columns)


def _flat(name: str, kind: str) -> str:
    """A value of a Parquet file; what is nested in it becomes JSON."""
    column = f"r.{quoted_name(name)}"
    return f"cast(to_json({column}) as varchar)" if kind.startswith(NESTED) or kind.endswith("]") else column


def _read_ndjson(connection: Connection, table: SourceTable, files: Sequence[InboxFile], scratch: Path) -> Incoming:
    paths = [file.path if is_utf8(file.path) else _as_utf8(file, "utf-8", scratch) for file in files]
    _name_files(connection, files, paths)
    connection.execute(
        "create or replace temp table lines as with numbered as ("
        f"select filename, line, row_number() over () as n from read_csv({quoted_files(paths)}, {LINES})), "
        "first as (select filename, min(n) as n from numbered group by filename) "
        "select f.number as _file, r.n - first.n + 1 as _line, r.line as _text from numbered r "
        "join first using (filename) join file_numbers f on f.path = r.filename where r.line is not null"
    )
    return _read_objects(connection, table)


def _read_json(connection: Connection, table: SourceTable, files: Sequence[InboxFile]) -> Incoming:
    paths = [file.path for file in files]
    _name_files(connection, files, paths)
    connection.execute(
        "create or replace temp table lines as with numbered as (select filename, cast(json as varchar) as line, "
        "row_number() over () as n "
        f"from read_json_objects({quoted_files(paths)}, format = 'array', filename = true, "
        f"maximum_object_size = {MAX_LINE_BYTES})), "
        "first as (select filename, min(n) as n from numbered group by filename) "
        "select f.number as _file, r.n - first.n + 1 as _line, r.line as _text from numbered r "
        "join first using (filename) join file_numbers f on f.path = r.filename"
    )
    return _read_objects(connection, table)


def _read_objects(connection: Connection, table: SourceTable) -> Incoming:
    """`incoming` from the table `lines`, each of which should be a JSON object."""
    connection.execute(
        "create or replace temp table objects as select *, json_valid(_text) and starts_with(ltrim(_text), '{') "
        f"and not contains(_text, '{UNDECODABLE}') as is_object from lines"
    )
    keys = connection.execute(
        "select distinct unnest(json_keys(_text)) as key from objects where is_object order by key"
    ).fetchall()
    columns = numbered_columns([*(column.source_name for column in table.columns), *(key for (key,) in keys)])
    pointers = ", ".join(quoted("/" + name.replace("~", "~0").replace("/", "~1")) for name in columns)
    fields = ", ".join(f"found[{position}] as {column}" for position, column in enumerate(columns.values(), start=1))
    connection.execute(
        "create or replace temp table incoming as with parsed as (select *, "
        f"case when is_object then json_extract_string(_text, [{pointers}]) end as found from objects) "
        "select _file, _line, _text, case when not is_object then 'not a JSON object in UTF-8' "
        "when contains(_text, '\\u0000') then 'a NUL character' end as _problem, "
        f"{fields} from parsed"
    )
    return Incoming(dict(connection.execute("select _file, count(*) from lines group by _file").fetchall()), columns)


def _read_csv(connection: Connection, table: SourceTable, files: Sequence[InboxFile], scratch: Path) -> Incoming:
    landing = table.landing
    assert isinstance(landing, CsvLanding)
    utf8 = landing.encoding.lower().replace("_", "-") in {"utf-8", "utf8"}
    paths = [file.path if utf8 and is_utf8(file.path) else _as_utf8(file, landing.encoding, scratch) for file in files]
    _name_files(connection, files, paths)
    groups: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in paths:
        groups[_header(path, landing)].append(path)
    _number_lines(connection, paths)
    columns = numbered_columns(name for header in groups for name in header)
    for position, (header, members) in enumerate(groups.items()):
        _read_csv_group(connection, landing, [columns[name] for name in header], members, first=position == 0)
    counts = dict(
        connection.execute("select _file, count(*) - 1 from csv_lines where starts group by _file").fetchall()
    )
    _refuse_lost_lines(connection, counts)
    return Incoming(counts, columns)


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
        f"select filename, line, row_number() over () as n from read_csv({quoted_files(paths)}, {LINES})), "
        "first as (select filename, min(n) as n from numbered group by filename) "
        "select f.number as _file, r.n - first.n + 1 as n, r.line "
        "from numbered r join first using (filename) join file_numbers f on f.path = r.filename"
    )
    (spanning,) = connection.execute(
        f"select count(*) from numbered_lines where ({QUOTES_IN_LINE}) % 2 = 1"
    ).fetchall()[0]
    if not spanning:
        connection.execute(
            "create or replace temp table csv_lines as "
            "select *, line is not null as starts, n as csv_line from numbered_lines"
        )
        return
    connection.execute(
        f"create or replace temp table csv_lines as with open as (select *, coalesce(sum({QUOTES_IN_LINE}) over "
        "(partition by _file order by n rows between unbounded preceding and 1 preceding), 0) % 2 as inside "
        "from numbered_lines) "
        "select _file, n, line, inside = 0 and line is not null as starts, "
        "sum(case when inside = 0 then 1 else 0 end) over (partition by _file order by n) as csv_line from open"
    )


def _read_csv_group(
    connection: Connection, landing: CsvLanding, columns: Sequence[str], paths: Sequence[Path], *, first: bool
) -> None:
    typed = "{" + ", ".join(f"{column}: 'varchar'" for column in columns) + "}"
    undecodable = " or ".join(f"contains(coalesce({column}, ''), '{UNDECODABLE}')" for column in columns)
    connection.execute("drop table if exists csv_errors; drop table if exists csv_scans")
    connection.execute(
        "create or replace temp table csv_rows as select row_number() over () as n, * "
        f"from read_csv({quoted_files(paths)}, delim = {quoted(landing.delimiter)}, quote = '\"', escape = '\"', "
        f"header = true, columns = {typed}, auto_detect = false, nullstr = '', filename = true, "
        f"max_line_size = {MAX_LINE_BYTES}, store_rejects = true, rejects_table = 'csv_errors', "
        "rejects_scan = 'csv_scans')"
    )
    connection.execute(
        "create or replace temp table csv_group as "
        "with first as (select filename, min(n) as n from csv_rows group by filename) "
        "select f.number as _file, r.n - first.n + 1 as _line, cast(null as varchar) as _text, "
        f"case when {undecodable} then 'bytes that are not {landing.encoding}' end as _problem, {', '.join(columns)} "
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
    unclosed = connection.execute(
        f"select _file from numbered_lines group by _file having sum({QUOTES_IN_LINE}) % 2 = 1"
    ).fetchall()
    if unclosed or any(read.get(file, 0) != records for file, records in counts.items()):
        raise UnreadableError("a quote that is never closed hides the lines after it.")
