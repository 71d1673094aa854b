"""`cdp report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cdp.cli.console import output
from cdp.errors import CdpError
from cdp.project import Project


def register(app: typer.Typer) -> None:
    """Add this room's command to the shell."""
    app.command("report")(write_report)


def write_report(
    file: Annotated[
        Path | None, typer.Option("--to", help="Where to write it; default: report.html in the state folder.")
    ] = None,
) -> None:
    """Write one HTML page about customers, segments, consent and carts; it opens from disk, on a phone too."""
    from cdp.declarations.variables import home_currency
    from cdp.report.contents import read_contents
    from cdp.report.page import render
    from cdp.warehouse import open_warehouse

    project = Project.load()
    with open_warehouse(project).reader() as reader:
        contents = read_contents(reader)
    target = file or project.state / "report.html"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(contents, project.settings.name, home_currency(project.dbt_project)), encoding="utf-8")
    except OSError as error:
        raise CdpError(
            f"{target} cannot be written: {error.strerror}.", remedy="Name another file with `--to`."
        ) from None
    output.print(f"{target}: {len(contents.segments)} segments as of {contents.as_of} (UTC).", soft_wrap=True)
