"""Runs one sync, says its exit code, and forks a run for every line it reads; says its pid, then its wait status.

A fork starts at once, where an interpreter would spend seconds on imports. A child of the line `stopped` stands still
before its first step, until it is told to go on. Arguments: project folder, sync, patience with an answer in seconds.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import duckdb  # noqa: F401 - imported before the fork, like all that a run needs
import httpx

import cdp.warehouse.duckdb  # noqa: F401
from cdp.project import Project
from reverse_etl.destinations import http
from reverse_etl.engine.retry import Backoff
from reverse_etl.runs import runner
from reverse_etl.syncs import load_sync


def run(folder: Path, name: str) -> int:
    project = Project.load(folder)
    sync = load_sync(project, name)
    with runner(project, [sync]) as ready:
        return replace(ready, backoff=Backoff(base=0.01, cap=0.05, attempts=20)).run(sync).exit_code


def main() -> None:
    folder, name, patience = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    http.TIMEOUT = httpx.Timeout(patience)
    print(run(folder, name), flush=True)  # what is imported on the way is there for every child
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            if line.strip() == "stopped":
                os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(run(folder, name))
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
