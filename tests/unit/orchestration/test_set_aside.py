"""The backfill of days in Dagster: the days that have something, one run for all of them, and what it says it did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, Definitions, SensorResult, build_sensor_context, materialize

from cdp.project import Project
from orchestration.defs.set_aside import DAYS, days_known, set_aside_asset
from orchestration.observer import Observer
from tests.doubles.inbox import FILES, MORNING, Company

pytestmark = pytest.mark.filterwarnings("ignore")
DAY = MORNING.date().isoformat()


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def _days(project: Project, instance: DagsterInstance) -> tuple[list[str], list[str]]:
    """The days that the sensor adds, and those that it takes away."""
    asset = set_aside_asset(project, Observer())
    definitions = Definitions(assets=[asset], sensors=[days_known(project)])
    context = build_sensor_context(instance, definitions=definitions)
    result = days_known(project)(context)
    assert isinstance(result, SensorResult)
    added, deleted = list[str](), list[str]()
    for request in result.dynamic_partitions_requests or ():
        (added if type(request).__name__.startswith("Add") else deleted).extend(request.partition_keys)
    return added, deleted


def test_the_days_come_and_go(company: Company, instance: DagsterInstance) -> None:
    assert _days(company.project, instance) == ([], [])
    company.deliver("people/1.csv", "person_id,email,orders\n2,,x\n")
    company.land()
    assert _days(company.project, instance) == ([DAY], [])
    instance.add_dynamic_partitions(str(DAYS.name), [DAY])
    assert _days(company.project, instance) == ([], [])
    (company.root / "clock.json").write_text(json.dumps({"as_of": "2024-09-01T00:00:00"}))
    assert _days(company.project, instance) == ([], [DAY])


def test_a_day_is_looked_at_again(company: Company, instance: DagsterInstance) -> None:
    company.deliver("people/1.csv", "id,email\n1,\n2,\n")
    assert company.land().refused == 1
    required = "data_type: varchar, config: {meta: {required: true}}}"
    company.declare("files", FILES.replace(f"{{name: person_id, {required}", f"{{name: id, {required}"))
    instance.add_dynamic_partitions(str(DAYS.name), [DAY])
    done = materialize([set_aside_asset(company.project, Observer())], partition_key=DAY, instance=instance)
    (event,) = done.get_asset_materialization_events()
    told = {name: value.value for name, value in event.step_materialization_data.materialization.metadata.items()}
    assert {"files": 1, "landed": 2, "still_rejected": 0}.items() <= told.items()
    assert event.step_materialization_data.materialization.partition == DAY
