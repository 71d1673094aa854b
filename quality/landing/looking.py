"""What of a source table is looked at: its day, and its columns as texts, numbers and moments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp.declarations.sources import Column, SourceTable
from cdp.landing.lake import parquet_relation
from cdp.landing.readers import quoted_name

WEEKS, LOOK_BACK_DAYS = 8, 84
"""Weeks that are compared with, and days in which a value counts as known."""

JSON_KEYS = 24
_NAMES = re.compile(r"(^|_)name$")
_KEYS = re.compile(r"(_id|_card|_number|^card|^id)$")


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing that is looked at: `sql` is its value, normalised so that writing it otherwise changes nothing."""

    name: str
    sql: str
    kind: str
    is_personal: bool = False
    is_key: bool = False
    is_firm: bool = False
    is_number: bool = False
    known_values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Arrival:
    """The parts of one table: those that landed before, and those that are judged; `when` is the time of a row."""

    table: SourceTable
    seen: tuple[Path, ...]
    new: tuple[Path, ...]
    when: str | None

    @property
    def moment(self) -> str:
        return f"cast({quoted_name(self.when)} as timestamp)" if self.when else "_loaded_at"


def time_of(table: SourceTable) -> str | None:
    """The column that says when a row came about: `updated_at`, else the first required time, if there is one."""
    times = [column for column in table.columns if column.data_type in {"timestamp", "date"} and column.is_required]
    named = [column.name for column in times if column.name == "updated_at"]
    stamps = [column.name for column in times if column.data_type == "timestamp"]
    return next(iter([*named, *stamps, *(column.name for column in times)]), None)


def looked_at(connection: duckdb.DuckDBPyConnection, arrival: Arrival) -> list[Looked]:
    """Every declared column, and every key of the JSON ones."""
    found: list[Looked] = []
    for column in arrival.table.columns:
        if column.data_type == "json":
            found += _members(connection, arrival, column)
        else:
            found.append(_column(column))
        if _shows(column, "phone"):
            found.append(_country(column))
    return found


def _shows(column: Column, kind: str) -> bool:
    return column.data_type == "varchar" and {str(address.kind) for address in column.addresses} == {kind}


def _country(column: Column) -> Looked:
    """What stands before the last ten digits of a phone number, which alone tell who it is."""
    digits = f"regexp_replace({quoted_name(column.name)}, '[^0-9]', '', 'g')"
    sql = f"nullif(left({digits}, greatest(length({digits}) - 10, 0)), '')"
    return Looked(f"{column.name} before the last ten digits", sql, "text", is_firm=True)


def _column(column: Column) -> Looked:
    name, sql = column.name, quoted_name(column.name)
    if column.data_type == "varchar":
        personal = bool(column.addresses) or bool(_NAMES.search(name))
        listed = frozenset(re.findall(r"`([^`]+)`", column.description))
        return Looked(
            name,
            _folded(sql, column.addresses),
            "text",
            personal,
            bool(_KEYS.search(name)),
            column.is_required or bool(listed),
            known_values=listed,
        )
    if column.data_type == "boolean":
        return Looked(name, f"cast({sql} as varchar)", "text", is_firm=True, known_values=frozenset({"true", "false"}))
    if column.data_type in {"timestamp", "date"}:
        return Looked(name, f"cast({sql} as timestamp)", "time")
    is_key = bool(_KEYS.search(name)) and column.data_type == "bigint"
    return Looked(
        name,
        f"cast({sql} as varchar)" if is_key else sql,
        "text" if is_key else "number",
        is_key=is_key,
        is_number=True,
    )


def _folded(sql: str, addresses: Sequence[object]) -> str:
    kinds = {getattr(address, "kind", "") for address in addresses}
    if kinds == {"phone"}:
        return f"right(regexp_replace({sql}, '[^0-9]', '', 'g'), 10)"
    return f"nullif(lower(trim({sql})), '')"


def _members(connection: duckdb.DuckDBPyConnection, arrival: Arrival, column: Column) -> list[Looked]:
    sql = quoted_name(column.name)
    parts = [*arrival.seen[-3:], *arrival.new]
    keys = connection.execute(
        f"select key from (select unnest(json_keys({sql})) as key from (select {sql} from {parquet_relation(parts)} "
        f"where json_type({sql}) = 'OBJECT' limit 200000)) group by key order by count(*) desc, key limit {JSON_KEYS}"
    ).fetchall()
    kinds = {address.path: address.kind for address in column.addresses}
    return [_member(column.name, sql, key, kinds.get(key)) for (key,) in keys]


def _member(column: str, sql: str, key: str, kind: str | None) -> Looked:
    pointer = "'" + ("/" + key.replace("~", "~0").replace("/", "~1")).replace("'", "''") + "'"
    value = f"json_extract_string({sql}, {pointer})"
    folded = (
        f"right(regexp_replace({value}, '[^0-9]', '', 'g'), 10)"
        if kind == "phone"
        else f"nullif(lower(trim({value})), '')"
    )
    return Looked(
        f"{column}.{key}", folded, "text", bool(kind) or "name" in key.lower(), bool(_KEYS.search(key.lower()))
    )
