"""When a source is late: dbt's own declaration first, then the test that guards it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")

SOURCE = "source.cdp.raw_shop.orders"


def _manifest(freshness: dict[str, Any] | None = None, hours: int | None = None) -> dict[str, Any]:
    test = {
        "test_metadata": {"name": "fresh_within", "kwargs": {"field": "at", "hours": hours}},
        "depends_on": {"nodes": [SOURCE]},
    }
    return {"sources": {SOURCE: {"freshness": freshness}}, "nodes": {"test.a": test} if hours else {}}


@pytest.mark.parametrize(
    ("manifest", "hours", "warns"),
    [
        (_manifest(), None, None),
        (_manifest({"warn_after": {"count": None, "period": None}, "error_after": None}), None, None),
        (_manifest(hours=48), 48, None),
        (_manifest({"error_after": {"count": 2, "period": "day"}}, hours=5), 48, None),
        (
            _manifest({"warn_after": {"count": 90, "period": "minute"}, "error_after": {"count": 3, "period": "hour"}}),
            3,
            1.5,
        ),
        (_manifest({"warn_after": {"count": 12, "period": "hour"}}), 12, None),
    ],
)
def test_what_is_declared_is_the_policy(manifest: dict[str, Any], hours: float | None, warns: float | None) -> None:
    from orchestration.freshness import of_source

    policy = of_source(manifest, SOURCE)
    if hours is None:
        assert policy is None
        return
    assert policy is not None
    window = policy.warn_window.to_timedelta().total_seconds() / 3600 if policy.warn_window else None
    assert (policy.fail_window.to_timedelta().total_seconds() / 3600, window) == (hours, warns)
