"""`cdp init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cdp.cli.console import output

_NEXT_STEPS = """\
Made {folder}: the shared models, one example source, two segments, one audience and one sync.
Go there and run `cdp run`; then read README.md, and put your own source in the place of the example."""


def register(app: typer.Typer) -> None:
    """Add this room's command to the shell."""
    app.command("init")(init)


def init(folder: Annotated[Path, typer.Argument(help="A new or an empty folder.", metavar="DIR")]) -> None:
    """Begin a project of your own: the shared models, with one small example source that runs at once."""
    from cdp.clock import SystemClock
    from cdp.starter.begin import begin_project

    begin_project(folder, SystemClock().now().date())
    output.print(_NEXT_STEPS.format(folder=folder), markup=False, highlight=False, soft_wrap=True)
