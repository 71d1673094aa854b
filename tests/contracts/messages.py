"""What the tests of the tools that are sent messages share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from reverse_etl.engine.words import KEY, ROW_HASH, Batch, Operation

TEMPLATES = Path(__file__).parent / "templates"


def batch_of(*rows: dict[str, Any], name: str = "b1") -> Batch:
    """Messages `m0`, `m1`, …"""
    table = [{KEY: f"m{position}", ROW_HASH: "h", **row} for position, row in enumerate(rows)]
    return Batch(0, Operation.ADD, name, pa.RecordBatch.from_pylist(table))
