"""The shell of the `cdp` command: each room registers its own sub-commands (ADR 1)."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cdp.cli.console import errors
from cdp.errors import CdpError, unexpected

app = typer.Typer(
    name="cdp",
    help="A warehouse-native customer data platform: raw records in, synced audiences out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def select_project(
    project: Annotated[
        Path | None, typer.Option("--project", "-C", help="Project folder; default: the one around the current folder.")
    ] = None,
) -> None:
    if project is not None:
        os.environ["CDP_PROJECT"] = str(project)


def main() -> None:
    """Run the command line; a failure a person can act on is one sentence and an exit code."""
    for plugin in sorted(entry_points(group="cdp.commands"), key=lambda entry: entry.name):
        plugin.load()(app)
    try:
        app()
    except CdpError as error:
        _end(error)
    except Exception as error:
        if os.environ.get("CDP_TRACEBACK"):
            raise
        _end(unexpected("this command", error))


def _end(error: CdpError) -> NoReturn:
    errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
    sys.exit(error.exit_code)


def escape(text: str) -> str:
    """Text as it is, with nothing in it read as markup."""
    return text.replace("[", "\\[")
