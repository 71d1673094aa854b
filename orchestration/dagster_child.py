"""Dagster as processes that end with the one that wanted them: an orphaned daemon would start runs on its own.

Arguments: the process to end with, then what Dagster is told.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Thread

_POLL_SECONDS = 0.5


def main() -> None:
    parent, *arguments = sys.argv[1:]
    Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    from dagster._cli import cli

    cli(arguments, prog_name="dagster")


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
