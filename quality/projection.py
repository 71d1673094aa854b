"""What checks found, on its way into the lake, where the warehouse reads it as `raw_receipts.checks` (ADR 5, 24)."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import func, select

from cdp.landing.lake import Lake, write_parquet
from cdp.store import Store
from cdp.store.schema import checks
from cdp.warehouse.raw import CHECK_COLUMNS, projected_parts

_TYPES = {
    "bigint": pa.int64(),
    "varchar": pa.string(),
    "timestamp": pa.timestamp("us"),
    "double precision": pa.float64(),
}
_PATIENCE = 60.0


def project_checks(store: Store, lake: Path) -> None:
    """Append a part with every verdict that the lake does not have yet."""
    with store.lease("checks", patience=_PATIENCE):
        parts = projected_parts(Lake(lake), "checks")
        known = int(parts[-1].stem.split("-")[1]) if parts else 0
        columns = [checks.c[name] for name in CHECK_COLUMNS]
        wanted = select(*columns).where(checks.c.check_run_id > known).order_by(checks.c.check_run_id)
        with store.reading() as connection:
            newest = connection.scalar(select(func.max(checks.c.check_run_id))) or 0
            found = [dict(row) for row in connection.execute(wanted).mappings()]
        if newest > known:
            schema = pa.schema([(name, _TYPES[kind]) for name, kind in CHECK_COLUMNS.items()])
            _write(pa.Table.from_pylist(found, schema=schema), lake, known + 1, newest)


def _write(rows: pa.Table, lake: Path, first: int, last: int) -> None:
    target = lake / "raw" / "receipts" / "checks" / f"{first:012d}-{last:012d}.parquet"
    with duckdb.connect() as connection:
        connection.register("found", rows)
        write_parquet(connection, "select * from found", target)
