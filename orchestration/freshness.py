"""When an asset is late: what its declaration says, in Dagster's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dagster import FreshnessPolicy

_DBT_TEST = "fresh_within"
_DAILY = (timedelta(hours=48), timedelta(hours=26))


def every_day() -> FreshnessPolicy:
    """What is published and what is sent: expected once a day, late after two."""
    return FreshnessPolicy.time_window(*_DAILY)


def within(hours: float | None) -> FreshnessPolicy:
    """No older than `hours`, where that is declared; else once a day."""
    return FreshnessPolicy.time_window(timedelta(hours=hours)) if hours else every_day()


def of_source(manifest: Mapping[str, Any], unique_id: str) -> FreshnessPolicy | None:
    """The policy of a source table: from dbt's `freshness`, else from its test `fresh_within`; or None."""
    declared = manifest["sources"][unique_id].get("freshness") or {}
    warn = _hours(declared.get("warn_after"))
    fail = hours_of_source(manifest, unique_id)
    if not fail:
        return None
    window = timedelta(hours=warn) if warn and warn < fail else None
    return FreshnessPolicy.time_window(timedelta(hours=fail), window)


def hours_of_source(manifest: Mapping[str, Any], unique_id: str) -> float | None:
    """After how many hours without a row a source table is late; None where nothing says so."""
    declared = manifest["sources"][unique_id].get("freshness") or {}
    if hours := _hours(declared.get("error_after")) or _hours(declared.get("warn_after")):
        return hours
    tested = [
        float(test["test_metadata"]["kwargs"]["hours"])
        for test in manifest["nodes"].values()
        if (test.get("test_metadata") or {}).get("name") == _DBT_TEST and unique_id in test["depends_on"]["nodes"]
    ]
    return min(tested, default=None)


def _hours(threshold: Mapping[str, Any] | None) -> float | None:
    """Of `{count: 36, period: hour}`, which dbt writes with empty values where nothing is declared."""
    if not threshold or not threshold.get("count"):
        return None
    return timedelta(**{f"{threshold['period']}s": float(threshold["count"])}) / timedelta(hours=1)
