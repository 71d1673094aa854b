"""The audit of one table: measured in one statement, judged beside the last good builds (ADR 11, ADR 24)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cdp.errors import CdpError
from cdp.warehouse import Reader, Warehouse
from quality.bounds import Bounds, Usual, bounds
from quality.judgement import judged_verdicts
from quality.measures import Suite, measuring
from quality.thresholds import Thresholds
from quality.verdicts import Verdict, Word

HISTORY = "int_quality__history"


@dataclass(frozen=True, slots=True)
class _Taken:
    """A measure as it was taken, of a group or of the whole table."""

    name: str
    group: str
    value: float


def audit(warehouse: Warehouse, suite: Suite, thresholds: Thresholds) -> list[Verdict]:
    """Judge the table of the build that has begun.

    An audit that breaks is a verdict, too: its word is `broke`, and nothing is said of the data.
    """
    try:
        with warehouse.candidate() as reader:
            found = list(_measured(reader, suite, thresholds))
        return judged_verdicts(found)
    except CdpError:
        raise
    except Exception as error:
        return [_broke(suite, thresholds, error)]


def _broke(suite: Suite, thresholds: Thresholds, error: Exception) -> Verdict:
    told = f"the audit of {suite.table} broke ({type(error).__name__}): its data was not judged"
    stops = thresholds.stops(suite.table, suite.boundary)
    return Verdict(f"{suite.table}.audit", suite.boundary, suite.table, Word.BROKE, None, told=(told,), stops=stops)


def _measured(reader: Reader, suite: Suite, thresholds: Thresholds) -> Iterator[Verdict]:
    usual = _usual(reader, suite.table)
    for row in _rows(reader, measuring(suite, reader.relation(suite.table), reader.dialect)):
        group = row.pop("_by", None)
        for name, value in row.items():
            yield from _of_measure(suite, thresholds, usual, _Taken(name, group or "", float(value)))


def _of_measure(suite: Suite, thresholds: Thresholds, usual: Mapping[str, Usual], taken: _Taken) -> Iterator[Verdict]:
    """The measure with its bounds; nothing where nobody has said how far it may go."""
    limit = thresholds.limit(suite.table, suite.boundary, taken.name, taken.group)
    if limit is None:
        return
    check = ".".join(part for part in (suite.table, taken.group, taken.name) if part)
    before = usual.get(check)
    within = bounds(limit, before)
    yield Verdict(
        check=check,
        boundary=suite.boundary,
        table=suite.table,
        word=Word.UNJUDGED,
        value=taken.value,
        low=within.low,
        high=within.high,
        median=before.median if before else None,
        observations=before.observations if before else None,
        told=(_told(suite.every_measure[taken.name].says, taken, within, before),),
        stops=thresholds.stops(suite.table, suite.boundary, limit),
    )


def _told(says: str, taken: _Taken, within: Bounds, usual: Usual | None) -> str:
    usually = f"usually {usual.median:.4g}, " if usual else ""
    is_low = within.low is not None and taken.value < within.low
    bound = f"at least {within.low:.4g}" if is_low else f"at most {within.high or 0:.4g}"
    return f"not so: {says}; {taken.name} is {taken.value:.4g} ({usually}{bound})"


def _usual(reader: Reader, table: str) -> dict[str, Usual]:
    """What the measures of a table were, by check; nothing before a first build has been judged."""
    there = _rows(reader, f"select count(*) as n from information_schema.tables where table_name = '{HISTORY}'")
    if not there[0]["n"]:
        return {}
    sql = f"select check_name, median_value, spread, observations from {reader.relation(HISTORY)} where table_name = ?"
    found = reader.query(sql, [table]).read_all().to_pylist()
    return {row["check_name"]: Usual(row["median_value"], row["spread"], row["observations"]) for row in found}


def _rows(reader: Reader, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reader.query(sql).read_all().to_pylist()
    return found
