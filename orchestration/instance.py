"""Dagster's own storage: under the project's state, on this machine, telling nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from dagster import DagsterInstance

from cdp.project import Project

_TICKS = {"purge_after_days": {"skipped": 1, "success": 7, "failure": 30, "started": 7}}
SETTINGS: dict[str, Any] = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    # What steps print may quote data.
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    },
    "concurrency": {"runs": {"max_concurrent_runs": 1}},
    "freshness": {"enabled": True},
    # A run whose process is gone is failed within seconds, and made once more; one that a step failed is not.
    "run_launcher": {"module": "orchestration.launcher", "class": "WatchedRunLauncher"},
    "run_monitoring": {"enabled": True, "poll_interval_seconds": 10, "max_resume_run_attempts": 0},
    "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
    "retention": {"schedule": _TICKS, "sensor": _TICKS, "auto_materialize": _TICKS},
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
