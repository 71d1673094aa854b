"""The statements, with identifiers that are declared and quoted, and types that the server named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from psycopg2.sql import SQL, Composed, Identifier

from reverse_etl.destinations.postgres.table import Table
from reverse_etl.engine.ports import Mode
from reverse_etl.engine.words import Operation

COLUMNS = """
select attname, format_type(atttypid, atttypmod)
from pg_catalog.pg_attribute
where attrelid = pg_catalog.to_regclass(%s) and attnum > 0 and not attisdropped
"""
COPY = "copy pg_temp.cdp_stage from stdin (format csv)"
_TYPES = {
    pa.types.is_boolean: "boolean",
    pa.types.is_integer: "bigint",
    pa.types.is_floating: "double precision",
    pa.types.is_date: "date",
    pa.types.is_timestamp: "timestamp",
}
_CREATING = frozenset({"create_only", "append"})
_PART = SQL("stage.position >= %s and stage.position < %s")


def create(table: Table, fields: pa.Schema) -> Composed:
    """A table of text and of the types that the model has, where there is none of that name."""
    columns = [SQL("{} text primary key").format(Identifier(table.key))]
    columns += [SQL("{} {}").format(Identifier(field.name), SQL(_type_of(field.type))) for field in fields]
    return SQL("create table if not exists {} ({})").format(table.name, SQL(", ").join(columns))


def stage(width: int) -> Composed:
    """Where a batch's rows stand as texts until they are cast: their position, then one column each."""
    columns = [SQL("{} text").format(_staged(number)) for number in range(width)]
    return SQL("create temporary table cdp_stage (position integer, {}) on commit drop").format(SQL(", ").join(columns))


def change(table: Table, fields: Sequence[str], types: Mapping[str, str], operation: Operation, mode: Mode) -> Composed:
    """One statement for the rows from one position to another, those being its parameters."""
    key = SQL("cast(stage.{} as {})").format(_staged(0), SQL(types[table.key]))
    values = [
        SQL("cast(stage.{} as {})").format(_staged(number), SQL(types[field]))
        for number, field in enumerate(fields, start=1)
    ]
    if operation is Operation.REMOVE:
        return SQL("delete from {} as target using pg_temp.cdp_stage as stage where target.{} = {} and {}").format(
            table.name, Identifier(table.key), key, _PART
        )
    if mode == "update_only":
        return _update(table, fields, key, values)
    return _insert(table, fields, [key, *values], overwrites=mode not in _CREATING)


def count(table: Table, kind: str) -> Composed:
    """How many rows have one of the keys that are its parameter; `kind` is the type of the key column."""
    return SQL("select count(*) from {} where {} = any(cast(%s as {}[]))").format(
        table.name, Identifier(table.key), SQL(kind)
    )


def _update(table: Table, fields: Sequence[str], key: Composed, values: Sequence[Composed]) -> Composed:
    assigned = [SQL("{} = {}").format(Identifier(field), value) for field, value in zip(fields, values, strict=True)]
    nothing = SQL("{0} = target.{0}").format(Identifier(table.key))
    return SQL(
        "update {} as target set {} from pg_temp.cdp_stage as stage where target.{} = {} and {} "
        "returning stage.position"
    ).format(table.name, SQL(", ").join(assigned or [nothing]), Identifier(table.key), key, _PART)


def _insert(table: Table, fields: Sequence[str], values: Sequence[Composed], *, overwrites: bool) -> Composed:
    taken = [SQL("{0} = excluded.{0}").format(Identifier(field)) for field in fields]
    what = SQL("update set {}").format(SQL(", ").join(taken)) if taken and overwrites else SQL("nothing")
    columns = [Identifier(name) for name in (table.key, *fields)]
    return SQL("insert into {} ({}) select {} from pg_temp.cdp_stage as stage where {} on conflict ({}) do {}").format(
        table.name, SQL(", ").join(columns), SQL(", ").join(values), _PART, Identifier(table.key), what
    )


def _staged(number: int) -> Identifier:
    return Identifier(f"c{number}")


def _type_of(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    return next((name for is_it, name in _TYPES.items() if is_it(kind)), "text")
