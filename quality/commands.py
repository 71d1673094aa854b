"""`cdp gate …`: what is stopped and why, and letting it pass."""

from __future__ import annotations

import json
from contextlib import closing
from getpass import getuser
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdp.cli.console import output
from cdp.cli.tables import table_of
from cdp.project import Project

if TYPE_CHECKING:
    from cdp.landing.land import Inspection
    from cdp.store import Store
    from quality.record import Stop

gate_app = typer.Typer(help="What checks have stopped, and letting it pass.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
STOPPED = {"landing": "nothing lands, is built or sent", "build": "nothing is published or sent"}
"""What does not happen while a check stops it."""


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    from cdp.landing.gatekeeper import keep

    app.add_typer(gate_app, name="gate")
    keep(_landing_gate)


def _landing_gate(project: Project, store: Store) -> Inspection:
    from quality.landing.gate import landing_gate

    return landing_gate(project, store)


@gate_app.command("list")
def show_stops(as_json: AsJson = False) -> None:
    """What is stopped now, why, since when, and what to do."""
    from cdp.store import open_store
    from quality.record import open_stops

    project = Project.load()
    with closing(open_store(project.store_url)) as store:
        stops = [_row(stop) for stop in open_stops(store)]
    if as_json:
        output.print_json(json.dumps(stops, default=str))
        return
    if not stops:
        output.print("Nothing is stopped.")
    for stop in stops:
        output.print(f"{stop['check']} {stop['verdict']}: {stop['stopped']}, since {stop['since']}.", soft_wrap=True)
        output.print(f"  {stop['told']}", markup=False, soft_wrap=True)
        output.print(f"  {stop['next']}", markup=False, soft_wrap=True)


def _row(stop: Stop) -> dict[str, Any]:
    from quality.verdicts import Word

    stopped = STOPPED["landing"] if stop.boundary == "landing" else STOPPED.get(stop.stops, ", ".join(stop.syncs))
    if stop.verdict is Word.BROKE:
        following = "The data was not judged: mend the check, then run again."
    elif stop.released_until:
        following = f"Released until {stop.released_until:%Y-%m-%d %H:%M}: the next run lets it pass."
    else:
        following = f"Mend the data and run again, or: cdp gate release {stop.check} --reason …"
    return {
        "check": stop.check,
        "boundary": stop.boundary,
        "verdict": stop.verdict.value,
        "stopped": stopped,
        "since": stop.since,
        "told": stop.told,
        "next": following,
    }


@gate_app.command("release")
def release_check(
    check: Annotated[str, typer.Argument(help="As `cdp gate list` names it.")],
    reason: Annotated[str, typer.Option(help="Why it may pass; kept in the log.", prompt=True)],
) -> None:
    """Let what a check stopped pass once: at the next run, within a day. Its history begins anew there."""
    from cdp.store import open_store
    from quality.record import release

    project = Project.load()
    with closing(open_store(project.store_url)) as store:
        until = release(store, check, getuser(), reason, project.clock.now())
    output.print(f"{check} may pass until {until:%Y-%m-%d %H:%M}. Run `cdp run`.", soft_wrap=True)


@gate_app.command("log")
def show_releases(as_json: AsJson = False) -> None:
    """Who let what pass, when, why, and whether it was used."""
    from cdp.store import open_store
    from quality.record import releases

    project = Project.load()
    with closing(open_store(project.store_url)) as store:
        found = releases(store)
    if as_json:
        output.print_json(json.dumps(found, default=str))
    elif not found:
        output.print("Nothing was ever let pass.")
    else:
        output.print(table_of(("released_at", "check", "actor", "reason", "used_at"), found))
