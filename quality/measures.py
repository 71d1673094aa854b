"""What a suite asks of a table: measures in SQL, one row of them, and the bounds they must keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

ROWS, ROWS_SHARE = "rows", "rows_share_of_published"
EMAIL = r"^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$"
E164 = r"^[+][1-9][0-9]{6,14}$"
SHA256 = r"^[0-9a-f]{64}$"
_WRITTEN_IN = "duckdb"


@dataclass(frozen=True, slots=True)
class Bound:
    """A measure must lie between `low` and `high`, both inclusive; `says` is the rule in words."""

    measure: str
    says: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """What must be true of one table. `measures` are aggregate expressions over its rows, by name.

    Two measures are always there: `rows`, and `rows_share_of_published`, the row count as a share of that in the
    published generation (1.0 where that has too few rows to compare with).
    """

    table: str
    measures: Mapping[str, str]
    bounds: Sequence[Bound]


def rows_where(condition: str) -> str:
    """A measure: how many rows meet `condition`."""
    return f"sum(case when {condition} then 1 else 0 end)"


def share_where(condition: str) -> str:
    """A measure: the share of rows that meet `condition`."""
    return f"{rows_where(condition)} / cast(count(*) as double)"


def malformed(column: str, shape: str) -> str:
    """A measure: how many values of `column` do not have the `shape`, a regular expression."""
    return rows_where(f"{column} is not null and not regexp_matches({column}, '{shape}')")


def repeated(*columns: str) -> str:
    """A measure: how many rows repeat the values of another one."""
    key = " || '|' || ".join(f"coalesce(cast({column} as varchar), '')" for column in columns)
    return f"count(*) - count(distinct {key})"


def none_of(measure: str, says: str) -> Bound:
    return Bound(measure, says, high=0)


def any_rows() -> Bound:
    return Bound(ROWS, "has rows", low=1)


def keeps_its_size(smallest_share: float) -> Bound:
    """At least this share of the rows that the published generation has."""
    return Bound(ROWS_SHARE, f"keeps at least {smallest_share:.0%} of the published rows", low=smallest_share)


def measuring(suite: Suite, relation: str, dialect: str) -> str:
    """One statement that takes every measure of `suite` in one pass over `relation`."""
    named = {ROWS: "count(*)", **suite.measures}
    columns = [
        exp.alias_(exp.cast(exp.func("coalesce", parsed(text), exp.Literal.number(0)), "double"), name, quoted=True)
        for name, text in named.items()
    ]
    return exp.select(*columns).from_(sqlglot.parse_one(relation, into=exp.Table)).sql(dialect=dialect)


def parsed(expression: str) -> exp.Expr:
    return sqlglot.parse_one(expression, read=_WRITTEN_IN)
