"""Training says what it lacks."""

from __future__ import annotations

import duckdb
import pytest

from cdp.errors import ConfigurationError
from cdp.identity.evaluation.scratch import SCHEMA, ScratchReader
from cdp.identity.training import NothingToLearnError, check_built, train

MODELS = ("match_records", "match_rules", "match_levels")


def test_a_build_that_compared_nothing_asks_for_a_run_first() -> None:
    with duckdb.connect() as engine:
        with pytest.raises(ConfigurationError, match="cdp run"):
            check_built(ScratchReader(engine))
        for model in MODELS:
            _create(engine, model)
        check_built(ScratchReader(engine))


def test_without_a_pair_there_is_nothing_to_learn() -> None:
    with duckdb.connect() as engine:
        _create(engine, "match_levels")
        with pytest.raises(NothingToLearnError, match="blocking"):
            train(ScratchReader(engine))


def _create(engine: duckdb.DuckDBPyConnection, model: str) -> None:
    engine.execute(f"create schema if not exists {SCHEMA}")
    engine.execute(f"create table {SCHEMA}.int_identity__{model} (record_key varchar)")
