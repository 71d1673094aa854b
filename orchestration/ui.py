"""Dagster's pages and daemon, on loopback: it has no login."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from cdp.cli.console import errors
from cdp.project import Project
from orchestration.instance import dagster_home
from reverse_etl.sandbox.serving import running_sandbox

LOOPBACK = "127.0.0.1"


def serve(project: Project, port: int) -> int:
    """Run until Ctrl-C; the exit code of Dagster."""
    environment = {
        "CDP_PROJECT": str(project.root),
        "DAGSTER_HOME": str(dagster_home(project)),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PYTHONWARNINGS": "ignore",
    }
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "--module-name", "orchestration.definitions"]
    with running_sandbox(project) as sandbox:
        errors.print(f"The sandbox is at {sandbox.url}; Dagster opens at http://{LOOPBACK}:{port} (Ctrl-C ends it).")
        # A shell's background job ignores Ctrl-C, and so would Dagster, which ends its own children with it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            [*command, "--host", LOOPBACK, "--port", str(port)], env={**os.environ, **environment}
        )
        # Ctrl-C reaches Dagster by itself, which then ends in its own order.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()
