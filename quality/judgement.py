"""Great Expectations, on one row of numbers: nothing here ever sees a customer (ADR 11)."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from quality.measures import Suite

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition


def judged(suite: Suite, measures: Mapping[str, float]) -> list[bool]:
    """Whether each bound of `suite` holds, in their order.

    Raises RuntimeError where an expectation could not be evaluated.
    """
    expectations = [
        great_expectations().expectations.ExpectColumnValuesToBeBetween(
            column=bound.measure, min_value=bound.low, max_value=bound.high, meta={"position": position}
        )
        for position, bound in enumerate(suite.bounds)
    ]
    asked = great_expectations().ExpectationSuite(name=suite.table, expectations=expectations)
    batch = _one_row().get_batch({"dataframe": pd.DataFrame([dict(measures)])})
    results = batch.validate(asked, result_format="BOOLEAN_ONLY").results
    if any(result.exception_info.get("raised_exception", True) for result in results):
        raise RuntimeError("an expectation could not be evaluated")
    by_position = {result.expectation_config.meta["position"]: bool(result.success) for result in results}
    return [by_position[position] for position in range(len(suite.bounds))]


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
def _one_row() -> BatchDefinition[Any]:
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("measures").add_dataframe_asset("row")
    return asset.add_batch_definition_whole_dataframe("one")  # type: ignore[no-any-return]
