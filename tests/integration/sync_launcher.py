"""Forks a run of one sync for every line it reads; says the child's pid, then its wait status.

A fork starts at once, where an interpreter would spend seconds on imports. Arguments: project folder, sync.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import duckdb  # noqa: F401 - imported before the fork, like all that a run needs

import cdp.warehouse.duckdb  # noqa: F401
from cdp.project import Project
from reverse_etl.engine.retry import Backoff
from reverse_etl.runs import runner
from reverse_etl.syncs import load_sync


def run(folder: Path, name: str) -> int:
    project = Project.load(folder)
    sync = load_sync(project, name)
    with runner(project, [sync]) as ready:
        return replace(ready, backoff=Backoff(base=0.01, cap=0.05, attempts=20)).run(sync).exit_code


def main() -> None:
    folder, name = Path(sys.argv[1]), sys.argv[2]
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(run(folder, name))
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
