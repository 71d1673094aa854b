"""Dagster's own storage: under the project's state, on this machine, telling nobody."""

from __future__ import annotations

from pathlib import Path

import yaml
from dagster import DagsterInstance

from cdp.project import Project

SETTINGS = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    # What steps print may quote data.
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    },
    "concurrency": {"runs": {"max_concurrent_runs": 1}},
}


def dagster_home(project: Project) -> Path:
    """The folder of Dagster's storage, with its settings written."""
    home = project.state / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(yaml.safe_dump(SETTINGS))
    return home


def open_instance(project: Project) -> DagsterInstance:
    """Dagster's instance of this project, shared with `cdp ui`."""
    return DagsterInstance.from_config(str(dagster_home(project)))
