"""The members of a segment as SQL over one generation, and what that SQL reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from cdp.declarations.rule import Rule
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY
from cdp.errors import CdpError, Location
from cdp.segments.canonical import canonical_query
from cdp.segments.source import ReaderSource
from cdp.segments.statements import ROWS, Read, columns_of_statement
from cdp.warehouse.port import Reader


def members_sql(reader: Reader, segment: Segment, segments: Mapping[str, Segment]) -> str:
    """One `customer_id` per member, each once and never null, whatever a hand-written model lists."""
    query = canonical_query(segment, segments, ReaderSource(reader))
    if not isinstance(segment.definition, ModelReference):
        return query.sql(dialect=reader.dialect)
    key = exp.column(CUSTOMER_KEY)
    return query.distinct().where(exp.not_(exp.Is(this=key, expression=exp.null()))).sql(dialect=reader.dialect)


def part_of(segment: Segment, rule: Rule) -> Segment:
    """The segment as if a part of its rule were all of it."""
    return replace(segment, definition=rule)


def model_schema(reader: Reader) -> str:
    """The schema that the models of a generation stand in."""
    return exp.to_table(reader.relation("any"), dialect=reader.dialect).db


def columns_by_schema(reader: Reader) -> dict[str, dict[str, list[str]]]:
    """The columns of every table of the generation, by schema and table."""
    names = ", ".join(f"cast({name} as varchar) as {name}" for name in ("table_schema", "table_name", "column_name"))
    query = f"select {names} from information_schema.columns order by ordinal_position"
    found: dict[str, dict[str, list[str]]] = {}
    for row in reader.query(query).read_all().to_pylist():
        found.setdefault(row["table_schema"], {}).setdefault(row["table_name"], []).append(row["column_name"])
    return found


def relations_of(reader: Reader, segment: Segment, segments: Mapping[str, Segment]) -> set[str]:
    """The models that the segment's SQL reads."""
    return _relations(canonical_query(segment, segments, ReaderSource(reader)), model_schema(reader))


def columns_read(reader: Reader, segment: Segment, segments: Mapping[str, Segment]) -> frozenset[Read]:
    """The columns that decide who is a member, each with its model."""
    query, models = canonical_query(segment, segments, ReaderSource(reader)), model_schema(reader)
    # Nobody has to be asked what the tables hold: a name without a table stands where there is only one.
    names = {column.name for column in query.find_all(exp.Column)}
    tables = {models: dict.fromkeys(_relations(query, models), names)}
    return columns_of_statement(query, tables, reader.dialect, models)[CUSTOMER_KEY].reads


def _relations(query: exp.Select, schema: str) -> set[str]:
    return {table.name for table in query.find_all(exp.Table) if table.db == schema}


def require_published(reader: Reader, segment: Segment, segments: Mapping[str, Segment]) -> None:
    """Raises CdpError where the generation lacks a model or a column that the segment asks."""
    held = columns_by_schema(reader).get(model_schema(reader), {})
    for model, column in sorted(columns_read(reader, segment, segments)):
        if model not in held or (column not in held[model] and column != ROWS):
            lacking = f"`{column}` in `{model}`" if model in held else f"`{model}`"
            raise CdpError(
                f"the published generation has no {lacking}, which `{segment.name}` asks.",
                where=Location(segment.file),
                remedy="It is there after the next `cdp run`.",
            )
