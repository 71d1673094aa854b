"""From `incoming` to what lands and what is set aside: declared types, required columns, new columns."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from cdp.declarations.sources import Column, CsvLanding, SourceTable
from cdp.landing.lake import quoted
from cdp.landing.readers import quoted_name

LONGEST_NAME = 50


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column the declaration does not know: kept as text under a safe name. `column` holds it in `incoming`."""

    column: str
    name: str


def judge(connection: duckdb.DuckDBPyConnection, table: SourceTable, found: dict[str, str]) -> list[NewColumn]:
    """`judged` from `incoming`: `_file`, `_line`, `_text`, `_reason` (null where it lands), typed and new columns.

    `found`: the column of `incoming`, by its name in the files.
    """
    new = _new_columns(table, found)
    loose = {column.name: _loose(column, found) for column in table.columns}
    typed = {column.name: _typed(column, loose[column.name], table) for column in table.columns}
    reasons = [reason for column in table.columns for reason in _reasons(column, loose, typed)]
    cases = " ".join(f"when {condition} then {quoted(reason)}" for condition, reason in reasons)
    columns = [f"{typed[column.name]} as {quoted_name(column.name)}" for column in table.columns]
    columns += [f"cast({column.column} as varchar) as {quoted_name(column.name)}" for column in new]
    connection.execute(
        "create or replace temp table judged as select _file, _line, "
        f"case when _problem is not null then _problem {cases} end as _reason, "
        f"case when _reason is not null then coalesce(_text, {_as_text(found)}) end as _text, "
        f"{', '.join(columns)} from incoming"
    )
    return new


def missing_required(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, found: dict[str, str]
) -> dict[int, str]:
    """Files in which a required column is absent altogether, with the name of the column."""
    missing: dict[int, str] = {}
    for column in table.columns:
        if not column.is_required:
            continue
        given = _loose(column, found)
        files = connection.execute(
            f"select _file from incoming where _problem is null group by _file having count({given}) = 0"
        ).fetchall()
        missing.update({file: column.source_name for (file,) in files})
    return missing


def _is_empty(column: Column) -> str:
    return f"the required `{column.source_name}` is empty"


def _loose(column: Column, found: dict[str, str]) -> str:
    return found.get(column.source_name, "cast(null as varchar)")


def _typed(column: Column, loose: str, table: SourceTable) -> str:
    landing = table.landing
    if isinstance(landing, CsvLanding):
        if column.data_type == "timestamp" and landing.timestamp_format:
            return f"cast(try_strptime({loose}, {quoted(landing.timestamp_format)}) as timestamp)"
        if column.data_type == "date" and landing.date_format:
            return f"cast(try_strptime({loose}, {quoted(landing.date_format)}) as date)"
        if column.data_type.startswith("decimal") and landing.decimal == ",":
            return f"try_cast(replace({loose}, ',', '.') as {column.data_type})"
    if column.data_type == "json":
        return f"cast({loose} as varchar)"
    if column.data_type == "timestamp":
        # By way of a zone: the plain cast drops an offset without a word.
        return f"cast(try_cast({loose} as timestamptz) as timestamp)"
    return f"try_cast({loose} as {column.data_type})"


def _reasons(column: Column, loose: dict[str, str], typed: dict[str, str]) -> list[tuple[str, str]]:
    given, cast = loose[column.name], typed[column.name]
    reasons = []
    if column.is_required:
        reasons.append((f"{given} is null or trim(cast({given} as varchar)) = ''", _is_empty(column)))
    if wrong := _is_wrong(column.data_type, given, cast):
        reasons.append((f"{given} is not null and ({wrong})", f"`{column.source_name}` is not a {column.data_type}"))
    return reasons


def _is_wrong(data_type: str, given: str, cast: str) -> str | None:
    match data_type:
        case "varchar":
            return None
        case "json":
            return f"not json_valid({cast})"
        case "bigint":  # the cast rounds
            return f"{cast} is null or {cast} <> try_cast({given} as double)"
        case "timestamp" | "date":
            return f"{cast} is null or not isfinite({cast})"
    return f"{cast} is null"


def _as_text(found: dict[str, str]) -> str:
    members = ", ".join(f"{quoted(name)}, {column}" for name, column in found.items())
    return f"cast(json_object({members}) as varchar)"


def _new_columns(table: SourceTable, found: dict[str, str]) -> list[NewColumn]:
    known = {column.source_name for column in table.columns}
    taken = {column.name for column in table.columns}
    new = []
    for source_name, column in found.items():
        if source_name in known:
            continue
        name = re.sub(r"[^a-z0-9_]", "_", source_name.lower()).strip("_")[:LONGEST_NAME] or "column"
        name = f"c_{name}" if name[0].isdigit() else name
        while name in taken:
            name += "_new"
        taken.add(name)
        new.append(NewColumn(column, name))
    return new
