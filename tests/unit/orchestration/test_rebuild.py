"""`cdp run --rebuild`: everything from the beginning, but for what only ever grows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cdp.warehouse.port import Build, Generation
from tests.doubles.moments import MORNING

MODELS = Path(__file__).parents[3] / "dbt_project/models"
# Ids that tools and people know, and what was noticed when: no rebuild could give them again.
REGISTRIES = {"int_identity__nodes", "int_identity__id_changes", "fct_segment_memberships"}


@pytest.mark.parametrize("rebuild", [True, False])
def test_a_rebuild_is_a_full_refresh(rebuild: bool) -> None:
    from orchestration.defs.transform import _told

    build = Build(Generation(1, MORNING, 1, "x"), "duckdb")
    assert ("--full-refresh" in _told(build, rebuild=rebuild)) is rebuild


def test_registries_are_kept() -> None:
    kept = re.compile(r"full_refresh\s*=\s*false", re.IGNORECASE)
    assert {file.stem for file in MODELS.rglob("*.sql") if kept.search(file.read_text())} >= REGISTRIES
