"""dbt's own unit tests, on both engines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.doubles.dbt_project import REPOSITORY, EmptyWarehouse

DECLARED = [
    test
    for file in sorted((REPOSITORY / "dbt_project" / "models").rglob("*__unit_tests.yml"))
    for test in yaml.safe_load(file.read_text(encoding="utf-8"))["unit_tests"]
]


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_every_unit_test_of_dbt_passes(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    if engine == "postgres":
        monkeypatch.setenv("CDP_TEST_WAREHOUSE_URL", request.getfixturevalue("postgres_database"))
    warehouse = EmptyWarehouse(tmp_path / engine, engine)
    # A unit test takes the types of its inputs from relations that exist.
    models = sorted({f"+{test['model']}" for test in DECLARED})
    said = warehouse.dbt("build", "--exclude-resource-type", "test", "--select", *models)
    passed = set(re.findall(r"PASS \w+::(\w+)", said))
    assert passed == {test["name"] for test in DECLARED}
