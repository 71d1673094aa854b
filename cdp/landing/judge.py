"""From `incoming` to what lands and what is set aside: declared types, required columns, new columns."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from cdp.declarations.sources import Column, CsvLanding, SourceTable
from cdp.landing.lake import quoted
from cdp.landing.readers import quoted_name

RESERVED = {"_file", "_line", "_text", "_problem"}


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column the declaration does not know: kept as text under a safe name."""

    source_name: str
    name: str


def judge(connection: duckdb.DuckDBPyConnection, table: SourceTable) -> list[NewColumn]:
    """`judged` from `incoming`: `_file`, `_line`, `_text`, `_reason` (null where it lands), typed and new columns."""
    found = [name for (name, *_) in connection.execute("describe incoming").fetchall() if name not in RESERVED]
    new = _new_columns(table, found)
    loose = {column.name: _loose(column, found) for column in table.columns}
    typed = {column.name: _typed(column, loose[column.name], table) for column in table.columns}
    reasons = [reason for column in table.columns for reason in _reasons(column, loose, typed)]
    cases = " ".join(f"when {condition} then {quoted(reason)}" for condition, reason in reasons)
    columns = [f"{typed[column.name]} as {quoted_name(column.name)}" for column in table.columns]
    columns += [f"cast({quoted_name(column.source_name)} as varchar) as {quoted_name(column.name)}" for column in new]
    connection.execute(
        "create or replace temp table judged as select _file, _line, "
        f"case when _problem is not null then _problem {cases} end as _reason, "
        f"case when _reason is not null then coalesce(_text, {_as_text(found)}) end as _text, "
        f"{', '.join(columns)} from incoming"
    )
    return new


def missing_required(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, counts: dict[int, int]
) -> dict[int, str]:
    """Files in which a required column is absent altogether, with the name of the column."""
    missing: dict[int, str] = {}
    for column in table.columns:
        if not column.is_required:
            continue
        files = connection.execute(
            "select _file from judged group by _file having count(*) = sum(case when _reason = ? then 1 else 0 end)",
            [_is_empty(column)],
        ).fetchall()
        missing.update({file: column.name for (file,) in files if counts.get(file)})
    return missing


def _is_empty(column: Column) -> str:
    return f"the required `{column.source_name}` is empty"


def _loose(column: Column, found: list[str]) -> str:
    return quoted_name(column.source_name) if column.source_name in found else "cast(null as varchar)"


def _typed(column: Column, loose: str, table: SourceTable) -> str:
    landing = table.landing
    if isinstance(landing, CsvLanding):
        if column.data_type == "timestamp" and landing.timestamp_format:
            return f"try_strptime({loose}, {quoted(landing.timestamp_format)})"
        if column.data_type == "date" and landing.date_format:
            return f"cast(try_strptime({loose}, {quoted(landing.date_format)}) as date)"
        if column.data_type.startswith("decimal") and landing.decimal == ",":
            return f"try_cast(replace({loose}, ',', '.') as {column.data_type})"
    if column.data_type == "json":
        return f"cast({loose} as varchar)"
    return f"try_cast({loose} as {column.data_type})"


def _reasons(column: Column, loose: dict[str, str], typed: dict[str, str]) -> list[tuple[str, str]]:
    given, cast = loose[column.name], typed[column.name]
    reasons = []
    if column.is_required:
        reasons.append((f"{given} is null or trim(cast({given} as varchar)) = ''", _is_empty(column)))
    if column.data_type not in {"varchar", "json"}:
        reasons.append(
            (f"{given} is not null and {cast} is null", f"`{column.source_name}` is not a {column.data_type}")
        )
    return reasons


def _as_text(found: list[str]) -> str:
    return (
        "cast(to_json(struct_pack("
        + ", ".join(f"{quoted_name(name)} := {quoted_name(name)}" for name in found)
        + ")) as varchar)"
    )


def _new_columns(table: SourceTable, found: list[str]) -> list[NewColumn]:
    known = {column.source_name for column in table.columns}
    taken = {column.name for column in table.columns}
    new = []
    for source_name in found:
        if source_name in known:
            continue
        name = re.sub(r"[^a-z0-9_]", "_", source_name.lower()).lstrip("_") or "column"
        name = f"c_{name}" if name[0].isdigit() else name
        while name in taken:
            name += "_new"
        taken.add(name)
        new.append(NewColumn(source_name, name))
    return new
