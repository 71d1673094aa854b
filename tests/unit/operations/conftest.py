"""A company with one batch landed, whose warehouse nobody has built yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.project import Project
from tests.doubles.inbox import Company


@pytest.fixture
def company(tmp_path: Path) -> Company:
    company = Company(tmp_path / "company")
    settings = company.root / "cdp.yml"
    settings.write_text(settings.read_text() + "store: {file: store.db}\n")
    company.project = Project.load(company.root)
    company.deliver("people/1.csv", "person_id,email,orders\n1,a@example.com,2\n2,,3\n")
    company.land()
    return company
