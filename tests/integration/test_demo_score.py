"""What the README says of the demo's customers, of the whole demo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.walk import Installation


@pytest.mark.proof
def test_the_people_of_the_whole_demo_are_told_apart(tmp_path: Path) -> None:
    demo = Installation(tmp_path)
    for command in (["demo", "init"], ["run"]):
        ended = demo.cdp(*command)
        assert ended.code == 0, ended.err
    found = json.loads(demo.cdp("demo", "score", "--json").out)["customers"]
    assert found["precision"] >= 0.999
    assert found["reachable_recall"] >= 0.97
