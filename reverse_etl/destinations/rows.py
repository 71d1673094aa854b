"""Rows of a batch as plain values that go into JSON."""

from __future__ import annotations

from typing import Any

from reverse_etl.engine.words import KEY, ROW_HASH, Batch


def fields_of(batch: Batch) -> list[dict[str, Any]]:
    """One mapping of remote field to value per row; a timestamp stays a `datetime`."""
    rows: list[dict[str, Any]] = batch.rows.drop_columns([KEY, ROW_HASH]).to_pylist()
    return rows
