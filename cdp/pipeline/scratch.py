"""dbt for a person at work on models: on a copy of what is published, which nobody else reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cdp.errors import ConfigurationError
from cdp.identity.checks import check_identity
from cdp.pipeline.building import building
from cdp.pipeline.dbt import run_dbt
from cdp.project import Project
from cdp.warehouse.duckdb import FILE_VARIABLE


def run_on_scratch(project: Project, arguments: Sequence[str]) -> int:
    """Run one dbt command against a fresh copy of the published generation; dbt's exit code.

    Raises BusyError where a build is going on, ConfigurationError where the engine has no such copies, DeclarationError
    where the identity rules or overrides are wrong.
    """
    if project.settings.warehouse.engine != "duckdb":
        raise ConfigurationError(
            "`cdp dbt` works on a copied file, which only DuckDB has.",
            where=project.document.at("warehouse", "engine"),
            remedy="Call dbt with a target of your own.",
        )
    check_identity(project.dbt_project)
    folder = project.state / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    with building(project) as held:
        begun = held.warehouse.begin(project.clock.now(), "scratch")  # also where builds wait
        candidate = Path(begun.environment[FILE_VARIABLE])
        # Views name the database they are in, and that is called like the file.
        scratch = folder / candidate.name
        scratch.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        candidate.replace(scratch)
    return run_dbt(project, [*arguments, "--target", "duckdb"], {FILE_VARIABLE: str(scratch)}).returncode
