"""The fingerprint changes with what goes into a build, and with nothing else."""

from __future__ import annotations

import os
from datetime import datetime

import pytest

from cdp.project import Project
from cdp.warehouse.fingerprint import fingerprint
from tests.doubles.inbox import SETTINGS, Company

AS_OF = datetime(2024, 5, 1, 6)


@pytest.fixture
def company(company: Company) -> Company:
    for path in ("dbt_project.yml", "models/marts/a.sql", "macros/m.sql", "seeds/s.csv", "tests/t.sql"):
        file = company.root / "dbt_project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("one")
    return company


def of(company: Company, as_of: datetime = AS_OF, batch: int = 1) -> str:
    return fingerprint(Project.load(company.root), as_of, batch)


def test_the_same_is_the_same(company: Company) -> None:
    before = of(company)
    for file in (company.root / "dbt_project").rglob("*"):
        os.utime(file, ns=(1, 1))
    for name in ("target/compiled.sql", "logs/dbt.log", "models/README.md", "analyses/look.sql"):
        file = company.root / "dbt_project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("noise")
    assert of(company) == before


@pytest.mark.parametrize(
    "path", ["dbt_project.yml", "models/marts/a.sql", "macros/m.sql", "seeds/s.csv", "tests/t.sql", "models/new.yml"]
)
def test_code_changes_it(company: Company, path: str) -> None:
    before = of(company)
    (company.root / "dbt_project" / path).write_text("two")
    assert of(company) != before


def test_a_renamed_or_moved_text_changes_it(company: Company) -> None:
    before = of(company)
    model = company.root / "dbt_project/models/marts/a.sql"
    model.rename(model.with_name("b.sql"))
    assert of(company) != before


def test_the_moment_the_batch_and_the_engine_change_it(company: Company) -> None:
    found = {of(company), of(company, datetime(2024, 5, 1, 7)), of(company, batch=2)}
    (company.root / "cdp.yml").write_text(SETTINGS + "warehouse: {engine: postgres}\n")
    assert len(found | {of(company)}) == 4
