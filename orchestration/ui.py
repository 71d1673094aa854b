"""Dagster's pages and daemon, on loopback: it has no login."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from cdp.cli.console import errors
from cdp.project import Project
from orchestration.instance import dagster_home
from reverse_etl.sandbox.serving import running_sandbox

LOOPBACK = "127.0.0.1"
_MOST_SHORT_LIVES, _SHORT_LIFE_SECONDS = 5, 30.0


def serve(project: Project, port: int) -> int:
    """Run until Ctrl-C or SIGTERM, starting Dagster again where it ends by itself; 1 where it does not stay up."""
    with running_sandbox(project) as sandbox:
        errors.print(f"The sandbox is at {sandbox.url}; Dagster opens at http://{LOOPBACK}:{port} (Ctrl-C ends it).")
        return _Dagster(project, port).keep_up()


@dataclass(slots=True)
class _Dagster:
    """Dagster's webserver, daemon and code server, as one family of processes."""

    project: Project
    port: int
    _process: subprocess.Popen[bytes] | None = None
    _asked: int = 0

    def keep_up(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)
        short_lives = 0
        while short_lives < _MOST_SHORT_LIVES:
            since = time.monotonic()
            self._process = self._start()
            self._process.wait()
            if self._asked:
                return 0
            short_lives = short_lives + 1 if time.monotonic() - since < _SHORT_LIFE_SECONDS else 0
            errors.print("Dagster has ended by itself, and is started again. What was at work is repaired.")
            self._sweep()
        errors.print(f"error: Dagster does not stay up. Is something else at port {self.port}?")
        return 1

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {
            "CDP_PROJECT": str(self.project.root),
            "DAGSTER_HOME": str(dagster_home(self.project)),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "PYTHONWARNINGS": "ignore",
        }
        command = [sys.executable, "-P", "-m", "orchestration.dagster_child", str(os.getpid()), "dev"]
        told = ["--workspace", str(_workspace(self.project)), "--host", LOOPBACK, "--port", str(self.port)]
        # A session of its own: Ctrl-C reaches it from here alone, and it can be ended whole.
        return subprocess.Popen([*command, *told], env={**os.environ, **environment}, start_new_session=True)

    def _end(self, *_: object) -> None:
        """Ask it to end in its own order; asked twice, it ends at once."""
        self._asked += 1
        if self._asked > 1:
            self._sweep()
        elif self._process is not None:
            self._process.send_signal(signal.SIGINT)

    def _sweep(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _workspace(project: Project) -> Path:
    """What Dagster loads, under the project's own name."""
    loaded = {"module_name": "orchestration.definitions", "location_name": project.name}
    file = dagster_home(project) / "workspace.yaml"
    file.write_text(yaml.safe_dump({"load_from": [{"python_module": loaded}]}))
    return file
