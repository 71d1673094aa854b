"""Where a compiled statement finds its relations and its `as_of`: in dbt's templates, or in a published warehouse."""

from __future__ import annotations

from typing import Protocol

from sqlglot import exp

from cdp.segments.literals import timestamp_literal
from cdp.warehouse.port import Reader


class Source(Protocol):
    def relation(self, model: str) -> exp.Table:
        """The table of a dbt model."""
        ...

    def as_of(self) -> exp.Expr:
        """The run's moment, one naive UTC timestamp."""
        ...


class DbtSource:
    """Templates that dbt fills in. Model names come from the project's files, never from a rule's values."""

    def relation(self, model: str) -> exp.Table:
        return exp.Table(this=exp.var(f"{{{{ ref('{model}') }}}}"))

    def as_of(self) -> exp.Expr:
        return exp.var("{{ as_of() }}")


class ReaderSource:
    """A published generation: its relations, and the moment it was built for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def relation(self, model: str) -> exp.Table:
        return exp.to_table(self._reader.relation(model), dialect=self._reader.dialect)

    def as_of(self) -> exp.Expr:
        return timestamp_literal(self._reader.generation.as_of)
