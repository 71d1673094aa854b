"""The columns that a sync asks for, against those its model has in a generation."""

from __future__ import annotations

from pathlib import Path

from sqlglot import exp

from cdp.declarations.traits import nearest
from cdp.errors import DeclarationError, Location
from cdp.warehouse.port import Reader
from reverse_etl.declarations import Sync


def check_columns(reader: Reader, sync: Sync) -> None:
    """Raises DeclarationError where the generation lacks the sync's model, its key or a column it maps."""
    where, known = Location(Path("activation", "syncs", f"{sync.name}.yml")), _columns(reader, sync.model)
    if not known:
        raise DeclarationError(
            f"the published generation has no model `{sync.model}`.",
            where=where,
            remedy="Check its name; a new model is there after `cdp run`.",
        )
    for column in _missing(sync, known):
        raise DeclarationError(
            f"`{sync.model}` has no column `{column}` in the published generation.",
            where=where,
            remedy=f"{nearest(column, known, sync.model)} A new column is there after `cdp run`.",
        )


def lacking(reader: Reader, sync: Sync) -> list[str]:
    """The columns that `check_columns` would complain about; all of them where the model is not there."""
    return _missing(sync, _columns(reader, sync.model))


def _missing(sync: Sync, known: list[str]) -> list[str]:
    return [column for column in (sync.key, *sync.fields) if column not in known]


def _columns(reader: Reader, model: str) -> list[str]:
    table = exp.to_table(reader.relation(model), dialect=reader.dialect)
    found = exp.select("column_name").from_("information_schema.columns").where(exp.column("table_name").eq(table.name))
    if table.db:
        found = found.where(exp.column("table_schema").eq(table.db))
    return [row["column_name"] for row in reader.query(found.sql(dialect=reader.dialect)).read_all().to_pylist()]
