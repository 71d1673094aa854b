"""A company with nothing in its inbox yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doubles.inbox import Company


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path / "company")
