"""dbt as a process that ends with the one that wanted it: an orphan would build on, into what the next run builds.

Arguments: the process to end with, then what dbt is told.
"""

from __future__ import annotations

import os
import sys
import time
from threading import Thread

_POLL_SECONDS = 0.2


def main() -> None:
    parent, *arguments = sys.argv[1:]
    Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    from dbt.cli.main import cli

    cli(arguments, prog_name="dbt")


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
