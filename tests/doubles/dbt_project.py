"""The product's own dbt project over an empty lake, with a build begun on either engine."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from cdp.pipeline.dbt import run_dbt
from cdp.project import Project
from cdp.warehouse import Build, open_warehouse

REPOSITORY = Path(__file__).parents[2]
SETTINGS = """\
name: test
warehouse: {{engine: {engine}, url_env: CDP_TEST_WAREHOUSE_URL}}
"""


class EmptyWarehouse:
    """A build in which every raw table is exposed and empty."""

    def __init__(self, root: Path, engine: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        (root / "cdp.yml").write_text(SETTINGS.format(engine=engine))
        ignored = shutil.ignore_patterns("target", "logs", ".user.yml")
        shutil.copytree(REPOSITORY / "dbt_project", root / "dbt_project", ignore=ignored)
        self.project = Project.load(root)
        self.build: Build = open_warehouse(self.project).begin(datetime(2024, 5, 31, 12), "test")

    def dbt(self, *arguments: str) -> str:
        """Run one dbt command; what it said.

        Raises AssertionError with that where dbt failed.
        """
        finished = run_dbt(
            self.project, [*arguments, "--target", self.build.target], self.build.environment, capture=True
        )
        assert finished.returncode == 0, finished.stdout
        return finished.stdout
