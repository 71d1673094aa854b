"""What Dagster shows of a sync over time, and which of its checks stop a run."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.company import Company
from tests.doubles.served import KEYS, ServedSandbox, served_sandbox

NEWS, SYNC = "sync_esp__newsletter", "esp_newsletter"


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(f"CDP_TEST_{name.upper()}_KEY", key)


@contextmanager
def company(folder: Path) -> Iterator[tuple[Company, ServedSandbox]]:
    with served_sandbox(folder / "tools") as sandbox:
        yield Company(folder / "company", sandbox.url), sandbox


def materialized(company: Company) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dagster import materialize

        from orchestration.defs.activation import sync_assets, sync_key
        from orchestration.observer import Observer

        found = [one for one in sync_assets(company.project, Observer()) if one.key == sync_key(SYNC)]
        return materialize(found, raise_on_error=False)


def checks(result: Any) -> dict[str, bool]:
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}


def rows(*addresses: str) -> list[tuple[object, ...]]:
    return [(address, number, "Anna", "K", "Kazan", None) for number, address in enumerate(addresses)]


@pytest.mark.usefixtures("credentials")
def test_a_good_run_shows_its_counts_and_passes_its_checks(tmp_path: Path) -> None:
    with company(tmp_path) as (made, _):
        made.publish(NEWS, rows("anna@example.com", "not-an-address"))
        result = materialized(made)
        assert result.success
        (event,) = result.get_asset_materialization_events()
        shown = {name: value.value for name, value in event.materialization.metadata.items()}
        assert {name: shown[name] for name in ("planned", "ok", "rejected", "unknown", "suppressed", "held")} == {
            "planned": 2,
            "ok": 1,
            "rejected": 1,
            "unknown": 0,
            "suppressed": 0,
            "held": 0,
        }
        assert shown["seconds"] > 0 and shown["rows_per_second"] > 0
        assert checks(result) == {"few_are_refused": True, "holds_what_it_acknowledged": True}


@pytest.mark.usefixtures("credentials")
def test_a_tool_that_refuses_too_many_stops_the_run(tmp_path: Path) -> None:
    with company(tmp_path) as (made, _):
        made.publish(NEWS, rows(*(f"nobody{number}" for number in range(30))))
        result = materialized(made)
        assert not result.success
        assert checks(result) == {"few_are_refused": False}
        assert result.get_asset_materialization_events() == []
        (observed,) = result.get_asset_observation_events()
        assert observed.asset_observation_data.asset_observation.metadata["rejected"].value == 30


@pytest.mark.usefixtures("credentials")
def test_a_tool_that_does_not_hold_what_it_acknowledged_stops_the_run(tmp_path: Path) -> None:
    with company(tmp_path) as (made, sandbox):
        made.publish(NEWS, rows("anna@example.com", "olga@example.com"))
        assert materialized(made).success
        sandbox.state.apply(("esp", "newsletter"), "remove", [("anna@example.com", "{}")])
        result = materialized(made)
        assert not result.success
        assert checks(result) == {"few_are_refused": True, "holds_what_it_acknowledged": False}
