"""Where a source table is measured: its looked-at rows in DuckDB, and the measures that come of them (ADR 24).

`looked` has a row per row of the table: `day`, `moment`, and a column per thing looked at. `observed` gets a row per
day, thing and measure: `value`, and `n`, the observations behind it. Judged rows have days of their own, from
`FIRST_JUDGED` on, so that what went before is what is earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from cdp.landing.lake import quoted
from quality.landing.looking import Arrival, Looked

FIRST_JUDGED = "date '6000-01-01'"
FIRST_TABLES = (
    "create temp table observed (source_table varchar, kind varchar, what varchar, measure varchar, scale varchar, "
    "day date, value double, n double)",
    "create temp table counted (source_table varchar, what varchar, day date, n bigint)",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure of every day: SQL over the rows of a relation for its `value` and for `n`, the observations behind it.

    `scale` is `share` for what lies between 0 and 1, `log` for what is compared by ratio.
    """

    kind: str
    name: str
    value: str
    n: str
    scale: str = "share"
    where: str = "true"
    what: str = "what"


@dataclass(frozen=True, slots=True)
class Bench:
    """One source table on one connection."""

    connection: duckdb.DuckDBPyConnection
    arrival: Arrival
    looked: Sequence[Looked]

    @property
    def table(self) -> str:
        return quoted(self.arrival.table.qualified_name)

    def column(self, each: Looked) -> str:
        """The name of a thing looked at in `looked`: its own may be anything."""
        return f"c{self.looked.index(each)}"

    def columns(self, kind: str) -> list[str]:
        return [self.column(each) for each in self.looked if each.kind == kind]

    def listed(self, some: Sequence[Looked]) -> str:
        """Things looked at, as a SQL list of texts that is never empty."""
        return ", ".join(quoted(self.column(each)) for each in some) or "''"

    @property
    def keys(self) -> list[Looked]:
        """Columns that every row has and that name what it is about, such as the order of a line."""
        required = {column.name for column in self.arrival.table.columns if column.is_required}
        return [each for each in self.looked if each.is_key and each.name in required]

    @property
    def units(self) -> str:
        """SQL for how many observations rows are: lines of one order go the same way, and count for half an order."""
        counted = [f"count(distinct {self.column(each)})" for each in self.keys]
        if not counted:
            return "count(*)"
        fewest = f"least({', '.join(counted)})" if len(counted) > 1 else counted[0]
        return f"case when {fewest} * 1.2 < count(*) then {fewest} / 2 else count(*) end"

    def run(self, sql: str) -> None:
        self.connection.execute(sql)

    def observe(self, relation: str, measures: Sequence[Measured]) -> None:
        """Add measures of the rows of `relation`, each of a `day`, to `observed`."""
        selects = [
            f"select {self.table}, {quoted(each.kind)}, {each.what}, {quoted(each.name)}, {quoted(each.scale)}, day, "
            f"{each.value}, {each.n} from {relation} where {each.where}"
            for each in measures
        ]
        self.run(f"insert into observed {' union all '.join(selects)}")
