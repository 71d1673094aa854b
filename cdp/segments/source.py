"""Where a compiled statement finds its relations and its `as_of`: in dbt's templates, or in a published warehouse."""

from __future__ import annotations

from typing import Protocol

from sqlglot import exp, parse_one

from cdp.segments.literals import timestamp_literal
from cdp.warehouse.port import Reader


class Source(Protocol):
    def relation(self, model: str) -> exp.Table:
        """The table of a dbt model."""
        ...

    def as_of(self) -> exp.Expr:
        """The run's moment, one naive UTC timestamp."""
        ...

    def hash_bucket(self, salt: str, key: exp.Column, buckets: int) -> exp.Expr:
        """The bucket, from 0, that a key always falls into for a salt."""
        ...

    def local_midnight(self, zone: exp.Column, days_ago: int) -> exp.Expr:
        """When the day `days_ago` before today began in a time zone; today is that zone's day at `as_of`."""
        ...


class DbtSource:
    """Templates that dbt fills in. Model names come from the project's files, never from a rule's values."""

    def relation(self, model: str) -> exp.Table:
        return exp.Table(this=exp.var(f"{{{{ ref('{model}') }}}}"))

    def as_of(self) -> exp.Expr:
        return exp.var("{{ as_of() }}")

    def hash_bucket(self, salt: str, key: exp.Column, buckets: int) -> exp.Expr:
        text = f"'{salt}|' || cast({key.sql()} as varchar)"
        return exp.var(f'{{{{ hash_bucket("{text}", {buckets}) }}}}')

    def local_midnight(self, zone: exp.Column, days_ago: int) -> exp.Expr:
        return exp.var(f"{{{{ local_midnight(as_of(), '{zone.sql()}', {days_ago}) }}}}")


class ReaderSource:
    """A published generation: its relations, and the moment it was built for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def relation(self, model: str) -> exp.Table:
        return exp.to_table(self._reader.relation(model), dialect=self._reader.dialect)

    def as_of(self) -> exp.Expr:
        return timestamp_literal(self._reader.generation.as_of)

    def hash_bucket(self, salt: str, key: exp.Column, buckets: int) -> exp.Expr:
        """As the macro says it for an engine that has no other way to read hex digits."""
        text = f"substr(md5('{salt}|' || cast({key.sql()} as varchar)), 1, 8)"
        digits = [f"(position(substr({text}, {place}, 1) in '0123456789abcdef') - 1)" for place in range(1, 9)]
        number = " + ".join(f"{digit} * {16**power}" for digit, power in zip(digits, reversed(range(8)), strict=True))
        return parse_one(f"mod({number}, {buckets})", dialect="postgres")

    def local_midnight(self, zone: exp.Column, days_ago: int) -> exp.Expr:
        as_of, name = self.as_of().sql(self._reader.dialect), zone.sql(self._reader.dialect)
        local_day = f"cast((({as_of} at time zone 'UTC') at time zone {name}) as date)"
        midnight = f"cast({local_day} - {days_ago} as timestamp)"
        return parse_one(f"(({midnight} at time zone {name}) at time zone 'UTC')", dialect=self._reader.dialect)
