"""A company's project with a small trait sheet, to which a test adds declarations."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.project import Project
from tests.doubles.dbt_project import REPOSITORY

TRAIT_SHEET = """\
models:
  - name: dim_customer_traits
    columns:
      - {name: customer_id, data_type: bigint}
      - {name: orders_count, data_type: bigint}
      - {name: coupon_share, data_type: double precision}
      - {name: city, data_type: varchar}
      - {name: is_online_buyer, data_type: boolean}
      - {name: last_order_at, data_type: timestamp}
"""

Declare = Callable[[str, str], Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    sheet = tmp_path / "dbt_project/models/marts/customers/_customers__models.yml"
    sheet.parent.mkdir(parents=True)
    sheet.write_text(TRAIT_SHEET)
    shutil.copy(REPOSITORY / "dbt_project/dbt_project.yml", tmp_path / "dbt_project")
    (tmp_path / "cdp.yml").write_text("name: shop\n")
    return Project.load(tmp_path)


@pytest.fixture
def declare(project: Project) -> Declare:
    """Write `activation/<kind>s/<name>.yml`; its `name`, `description` and `owner` are filled in."""

    def write(path: str, body: str) -> Path:
        file = project.activation / f"{path}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"name: {file.stem}\ndescription: Some people.\nowner: crm\n{body}\n", encoding="utf-8")
        return file

    return write
