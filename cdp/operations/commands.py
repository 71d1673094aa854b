"""`cdp generations`, `cdp backup`, `cdp restore`, `cdp doctor` and `cdp metrics`."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.console import output
from cdp.errors import CdpError
from cdp.operations.generation_commands import generations_app
from cdp.project import Project

if TYPE_CHECKING:
    from cdp.operations.doctor import Finding

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    app.add_typer(generations_app, name="generations")
    app.command("backup")(backup)
    app.command("restore")(restore_backup)
    app.command("doctor")(doctor)
    app.command("metrics")(metrics)


def backup(folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]) -> None:
    """Copy what cannot be computed again: what is published, the lake, the operational store; runs go on meanwhile.

    Keys and credentials (.env, outbox.key) are not in it, nor declarations, which belong into version control.
    """
    from cdp.operations.backup import back_up

    made = back_up(Project.load(), folder.absolute())
    generation = f"generation {made.generation}" if made.generation else "no generation"
    output.print(f"{folder}: {generation}, {made.batches:,} batches and the operational store.", soft_wrap=True)
    output.print("Not in it: keys and credentials (.env, outbox.key); keep them elsewhere.", soft_wrap=True)


def restore_backup(folder: Annotated[Path, typer.Argument(help="What `cdp backup` wrote.")]) -> None:
    """Fill a project that has declarations and no data yet; nothing is overwritten, nothing is sent."""
    from cdp.operations.restore import restore

    made = restore(Project.load(), folder.absolute(), getpass.getuser())
    output.print(
        f"Restored as it was at {made.made:%Y-%m-%d %H:%M} UTC. What was sent to tools since then is not known here: "
        "look at `cdp plan` before the first run (docs/runbooks/restore.md).",
        soft_wrap=True,
    )


def doctor(as_json: AsJson = False) -> None:
    """Look at everything a run needs, and say what is wrong and what to do; ends with 1 where something fails."""
    findings = _examined()
    if as_json:
        output.print_json(json.dumps([asdict(each) for each in findings]))
    else:
        for each in findings:
            remedy = f" {each.remedy}" if each.remedy else ""
            output.print(f"[{_COLOURS[each.level]}]{each.level:4}[/] ", end="")
            output.print(f"{each.check}: {each.told}{remedy}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if any(each.level == "fail" for each in findings) else 0)


def _examined() -> list[Finding]:
    from cdp.operations.doctor import examine, failed

    try:
        project = Project.load()
    except CdpError as error:
        return [failed("configuration", error)]
    return examine(project)


def metrics(
    serve: Annotated[int | None, typer.Option(help="Answer at http://127.0.0.1:PORT/metrics until Ctrl-C.")] = None,
) -> None:
    """Counts, ages and durations in the OpenMetrics format; names and numbers, nothing of a person."""
    from cdp.operations.metrics import exposition
    from cdp.operations.serving import serve_metrics

    project = Project.load()
    if serve is None:
        typer.echo(exposition(project), nl=False)
    else:
        serve_metrics(project, serve)
