"""The engine that makes and delivers the world, and how SQL reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from cdp.demo.places import packaged


def open_engine(scratch: Path, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An engine with a bounded memory that spills into `scratch`."""
    settings: dict[str, Any] = {"memory_limit": "3GB", "temp_directory": str(scratch / "spill")}
    if threads is not None:
        settings["threads"] = threads
    engine = duckdb.connect(config=settings)
    engine.execute("set enable_progress_bar = false")
    return engine


def set_variables(engine: duckdb.DuckDBPyConnection, **values: Any) -> None:
    """Give SQL its parameters, read there with `getvariable`."""
    for name, value in values.items():
        engine.execute(f"set variable {name} = ?", [value])


def run_script(engine: duckdb.DuckDBPyConnection, *path: str) -> None:
    engine.execute(packaged("sql", *path).read_text(encoding="utf-8"))
