"""The audit of one table: measured in the warehouse, judged by Great Expectations on one row of numbers (ADR 11)."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from cdp.errors import CdpError
from cdp.warehouse import Reader, Warehouse
from quality.measures import ROWS, ROWS_SHARE, Bound, Suite, measuring

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite
    from great_expectations.core.batch_definition import BatchDefinition

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
        results = _judged(suite, measures)
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


def _judged(suite: Suite, measures: dict[str, float]) -> list[bool]:
    result = (
        _batch()
        .get_batch({"dataframe": pd.DataFrame([measures])})
        .validate(_expectations(suite), result_format="BOOLEAN_ONLY")
    )
    outcomes = {}
    for one in result.results:
        if one.exception_info.get("raised_exception"):
            raise RuntimeError("an expectation raised")
        assert one.expectation_config is not None
        outcomes[one.expectation_config.meta["position"]] = bool(one.success)
    return [outcomes[position] for position in range(len(suite.bounds))]


def _expectations(suite: Suite) -> ExpectationSuite:
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.core import ExpectColumnValuesToBeBetween

    return ExpectationSuite(
        name=suite.table,
        expectations=[
            ExpectColumnValuesToBeBetween(
                column=bound.measure, min_value=bound.low, max_value=bound.high, meta={"position": position}
            )
            for position, bound in enumerate(suite.bounds)
        ],
    )


@cache
def _batch() -> BatchDefinition[Any]:
    """Where measures are handed to Great Expectations: a context that lives in memory and tells nobody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return (
        context.data_sources.add_pandas("measures")
        .add_dataframe_asset("row")
        .add_batch_definition_whole_dataframe("one")
    )


def _told(bound: Bound, value: float) -> str:
    return f"{bound.says}: {bound.measure} is {value:g}"
