"""What a suite asks of a table: measures in SQL, taken in one pass, and the words in which each is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

from quality.verdicts import Boundary

ROWS = "rows"
EMAIL = r"^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$"
E164 = r"^[+][1-9][0-9]{6,14}$"
SHA256 = r"^[0-9a-f]{64}$"
_WRITTEN_IN = "duckdb"


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate expression over the rows of a table; `says` is what is true of it where all is well."""

    sql: str
    says: str


@dataclass(frozen=True, slots=True)
class Suite:
    """What is measured of one table; how far each measure may go is in `quality/thresholds.yml`.

    `rows` is always there. With `by`, a column, everything is measured for each of its values, and a check is called
    `<table>.<value>.<measure>`. `default_of` names the suite whose thresholds it shares.
    """

    table: str
    boundary: Boundary
    measures: Mapping[str, Measure] = field(default_factory=dict)
    by: str = ""
    default_of: str = ""

    @property
    def every_measure(self) -> dict[str, Measure]:
        return {ROWS: Measure("count(*)", "has as many rows as it used to"), **self.measures}


def text(value: str) -> str:
    """A text in an expression."""
    return exp.Literal.string(value).sql(dialect=_WRITTEN_IN)


def rows_where(condition: str) -> str:
    """A measure: how many rows meet `condition`."""
    return f"sum(case when {condition} then 1 else 0 end)"


def share_where(condition: str) -> str:
    """A measure: the share of rows that meet `condition`."""
    return f"{rows_where(condition)} / cast(count(*) as double)"


def none_where(condition: str, says: str) -> Measure:
    """How many rows meet a condition that none should meet."""
    return Measure(rows_where(condition), says)


def malformed(column: str, shape: str, says: str) -> Measure:
    """How many values of `column` do not have the `shape`, a regular expression."""
    return none_where(f"{column} is not null and not regexp_matches({column}, '{shape}')", says)


def repeated(*columns: str, says: str) -> Measure:
    """How many rows repeat the values of another one."""
    key = " || '|' || ".join(f"coalesce(cast({column} as varchar), '')" for column in columns)
    return Measure(f"count(*) - count(distinct {key})", says)


def measuring(suite: Suite, relation: str, dialect: str) -> str:
    """One statement that takes every measure of `suite` in one pass over `relation`, by group where it has groups."""
    columns = [
        exp.alias_(exp.cast(exp.func("coalesce", parsed(each.sql), exp.Literal.number(0)), "double"), name, quoted=True)
        for name, each in suite.every_measure.items()
    ]
    selected = exp.select(*columns).from_(sqlglot.parse_one(relation, into=exp.Table))
    if suite.by:
        selected = selected.select(exp.alias_(exp.column(suite.by), "_by", quoted=True)).group_by(exp.column(suite.by))
    return selected.sql(dialect=dialect)


def parsed(expression: str) -> exp.Expr:
    return sqlglot.parse_one(expression, read=_WRITTEN_IN)
