"""Great Expectations, on a row of numbers per check: nothing here ever sees a customer (ADR 11, ADR 24)."""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from quality.verdicts import Verdict, Word

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition


def judged_verdicts(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, as passed or failed; what passed has nothing to tell. Raises as `within`."""
    measures = {verdict.check: verdict.value for verdict in verdicts if verdict.value is not None}
    held = within(measures, [(verdict.check, verdict.low, verdict.high) for verdict in verdicts])
    return [
        replace(verdict, word=Word.PASSED, told=()) if success else replace(verdict, word=Word.FAILED)
        for verdict, success in zip(verdicts, held, strict=True)
    ]


def within(measures: Mapping[str, float], bounds: Sequence[tuple[str, float | None, float | None]]) -> list[bool]:
    """Whether each measure that `bounds` names lies between its low and its high, both inclusive, in their order.

    Raises RuntimeError where an expectation could not be evaluated.
    """
    excess = [_excess(measures[measure], low, high) for measure, low, high in bounds]
    if not excess:
        return []
    rows = pd.DataFrame({"position": range(len(excess)), "excess": excess})
    expectations = great_expectations().expectations
    asked = great_expectations().ExpectationSuite(
        name="bounds",
        expectations=[
            expectations.ExpectColumnValuesToNotBeNull(column="excess"),
            expectations.ExpectColumnValuesToBeBetween(column="excess", max_value=0),
        ],
    )
    told = {"result_format": "COMPLETE", "unexpected_index_column_names": ["position"]}
    is_known, is_within = _one_frame().get_batch({"dataframe": rows}).validate(asked, result_format=told).results
    if is_within.exception_info.get("raised_exception", True) or not is_known.success:
        raise RuntimeError("a bound could not be evaluated")
    outside = {found["position"] for found in is_within.result.get("unexpected_index_list") or []}
    return [position not in outside for position in range(len(excess))]


def _excess(value: float, low: float | None, high: float | None) -> float:
    """How far outside its bounds a value is, negative inside, not a number where the value is none."""
    above = 0.0 if high is None else value - high
    below = 0.0 if low is None else low - value
    return math.nan if math.isnan(value) else max(above, below)


@cache
def great_expectations() -> ModuleType:
    """The library, told to tell nobody. Importing it takes seconds: only an audit does."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations as library
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return library


@cache
def _one_frame() -> BatchDefinition[Any]:
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("measures").add_dataframe_asset("bounds")
    return asset.add_batch_definition_whole_dataframe("all")  # type: ignore[no-any-return]
