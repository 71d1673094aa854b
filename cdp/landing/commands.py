"""`cdp land` and `cdp rejects`: take in what is new, and look at what could not be taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cdp.cli.console import output
from cdp.errors import DeclarationError
from cdp.project import Project

if TYPE_CHECKING:
    from cdp.landing.land import LandingResult, TableLanding

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Rows = list[dict[str, Any]]


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    app.command("land")(land_new_data)
    app.command("rejects")(show_rejects)


def land_new_data(as_json: AsJson = False) -> None:
    """Take in what is new in every source, as one batch; ends with 5 where a file was refused."""
    result = _land(Project.load())
    rows = [_landing_row(table) for table in result.tables if table.files]
    if as_json:
        output.print_json(json.dumps({"batch": result.batch, "tables": rows}, ensure_ascii=False))
    elif not rows:
        output.print("Nothing new.")
    else:
        output.print(f"Batch {result.batch}")
        output.print(_landing_table(rows))
        for row in rows:
            for refusal in row["refusals"]:
                output.print(Text(f"refused {refusal}"), soft_wrap=True)
    if refused := result.refusal():
        raise refused


def _land(project: Project) -> LandingResult:
    from cdp.landing.gatekeeper import inspection
    from cdp.landing.land import land
    from cdp.store import open_store

    store = open_store(project.store_url)
    try:
        with store.lease("landing"):
            return land(project, project.clock.now(), inspect=inspection(project, store))
    finally:
        store.close()


def _landing_row(table: TableLanding) -> dict[str, Any]:
    return {
        "table": table.table.qualified_name,
        "files": table.files,
        "duplicates": table.duplicates,
        "lines_in": table.lines_in,
        "landed": table.landed,
        "rejected": table.rejected,
        "refused": table.refused,
        "refusals": list(table.refusals),
    }


def _landing_table(rows: Rows) -> Table:
    counts = ["files", "duplicates", "lines_in", "landed", "rejected", "refused"]
    table = Table("table")
    for name in counts:
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        table.add_row(row["table"], *(f"{row[name]:,}" for name in counts))
    return table


def show_rejects(
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many rows.")] = 100,
    show: Annotated[bool, typer.Option("--show", help="The lines themselves: they may hold personal data.")] = False,
    as_json: AsJson = False,
) -> None:
    """What landing has set aside, counted by table and reason; `--show` prints the lines, newest first."""
    from cdp.landing.lake import Lake
    from cdp.landing.rejects import count_rejects, rejected_lines

    project = Project.load()
    lake = Lake(project.lake)
    rows = rejected_lines(lake, source, limit) if show else count_rejects(lake, source, limit)
    if source and not rows:
        _check_source(project, source)
    if as_json:
        output.print_json(json.dumps(rows, ensure_ascii=False))
    elif not rows:
        output.print("Nothing has been set aside.")
    else:
        output.print(_table_of(rows))


def _check_source(project: Project, source: str) -> None:
    from cdp.declarations.sources import load_source_tables
    from cdp.declarations.traits import nearest

    known = {table.source for table in load_source_tables(project.dbt_project)}
    if source not in known:
        raise DeclarationError(
            f"there is no source `{source}`.", remedy=nearest(source, known, "dbt_project/models/staging")
        )


def _table_of(rows: Rows) -> Table:
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    return table
