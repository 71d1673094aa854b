"""The audit of one table: measured in the warehouse, judged by Great Expectations on one row of numbers (ADR 11)."""

from __future__ import annotations

from dataclasses import dataclass

from cdp.errors import CdpError
from cdp.warehouse import Reader, Warehouse
from quality.judgement import judged
from quality.measures import ROWS, ROWS_SHARE, Bound, Suite, measuring

FEWEST_TO_COMPARE = 100
"""A table with fewer published rows may shrink as it likes: its size is chance."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audit of one table found: `broken` bounds, in words, with the measure that broke each."""

    table: str
    measures: dict[str, float]
    broken: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.broken


def audit(warehouse: Warehouse, suite: Suite) -> Verdict:
    """Judge the table of the build that has begun, beside the published generation.

    Raises CdpError where the audit itself breaks, which is told apart from data that is bad.
    """
    try:
        measures = _measures(warehouse, suite)
        results = judged(suite, measures)
    except CdpError:
        raise
    except Exception as error:
        raise CdpError(
            f"the audit of {suite.table} broke ({type(error).__name__}): its data was not judged.",
            remedy=f"Look at quality/suites/{suite.table}.py and at the columns of the model.",
        ) from None
    broken = [bound for bound, success in zip(suite.bounds, results, strict=True) if not success]
    return Verdict(suite.table, measures, tuple(_told(bound, measures[bound.measure]) for bound in broken))


def _measures(warehouse: Warehouse, suite: Suite) -> dict[str, float]:
    with warehouse.candidate() as reader:
        measures = _row(reader, suite)
    if warehouse.published() is None:
        return {**measures, ROWS_SHARE: 1.0}
    with warehouse.reader() as reader:
        before = _rows_before(reader, suite)
    return {**measures, ROWS_SHARE: measures[ROWS] / before if before >= FEWEST_TO_COMPARE else 1.0}


def _row(reader: Reader, suite: Suite) -> dict[str, float]:
    found = reader.query(measuring(suite, reader.relation(suite.table), reader.dialect)).read_all().to_pylist()
    return {name: float(value) for name, value in found[0].items()}


def _rows_before(reader: Reader, suite: Suite) -> float:
    """Rows of the table in the published generation, 0 where it was not there yet."""
    known = (
        reader.query("select count(*) as tables from information_schema.tables where table_name = ?", [suite.table])
        .read_all()
        .to_pylist()
    )
    if not known[0]["tables"]:
        return 0.0
    return _row(reader, Suite(suite.table, {}, ()))[ROWS]


def _told(bound: Bound, value: float) -> str:
    return f"{bound.says}: {bound.measure} is {value:g}"
