"""How dbt is called: where it writes, what it is told, and when it has to parse again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cdp.errors import CdpError, Location
from cdp.identity.checks import check_identity
from cdp.project import Project
from cdp.warehouse.fingerprint import fingerprint

# A manifest depends on the code alone.
_NO_MOMENT = datetime(1970, 1, 1)

# dbt's own log and run results quote what the engine says, and that may quote a customer's data.
_QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DBT_LOG_LEVEL_FILE": "none",
    "DBT_USE_COLORS": "false",
}


def dbt_command() -> list[str]:
    """What starts dbt as a child of this process, which it does not outlive."""
    return [sys.executable, "-P", "-m", "cdp.pipeline.dbt_child", str(os.getpid())]


def dbt_folder(project: Project) -> Path:
    """Where dbt writes its manifest and what it compiled."""
    return project.state / "dbt"


def manifest_file(project: Project) -> Path:
    return dbt_folder(project) / "manifest.json"


def dbt_environment(project: Project, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a dbt child: this process's own, where dbt reads and writes, and what is `given`."""
    folders = {
        "DBT_PROJECT_DIR": str(project.dbt_project),
        "DBT_PROFILES_DIR": str(project.dbt_project),
        "DBT_TARGET_PATH": str(dbt_folder(project)),
        "DBT_LOG_PATH": str(dbt_folder(project)),
    }
    return {**os.environ, **_QUIET, **folders, **given}


def ensure_manifest(project: Project) -> Path:
    """The manifest of the dbt project as it is now; parses only where something changed since.

    Raises DeclarationError where the identity rules or overrides are wrong, CdpError with what dbt says where the
    project does not parse.
    """
    manifest, key = manifest_file(project), dbt_folder(project) / "manifest.key"
    wanted = fingerprint(project, _NO_MOMENT, last_data_batch=0)
    if manifest.is_file() and key.is_file() and key.read_text() == wanted:
        return manifest
    check_identity(project.dbt_project)
    _parse(project)
    key.write_text(wanted)
    return manifest


def _parse(project: Project) -> None:
    arguments = ["parse", "--quiet", "--target", project.settings.warehouse.engine]
    finished = run_dbt(project, arguments, {}, capture=True)
    if finished.returncode:
        raise CdpError(
            f"the dbt project does not parse:\n{finished.stdout.strip()}",
            where=Location(project.dbt_project / "dbt_project.yml"),
        )


def run_dbt(
    project: Project, arguments: list[str], environment: Mapping[str, str], *, capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """One dbt command against this project, with its output shown or captured."""
    dbt_folder(project).mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [*dbt_command(), *arguments],
        cwd=project.dbt_project,
        env=dbt_environment(project, environment),
        text=True,
        check=False,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None,
    )
