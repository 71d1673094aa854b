"""`cdp plan`, `cdp sync …`, `cdp explain sync` and `cdp sandbox …`."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cdp.cli.console import errors, output
from cdp.cli.explain import explain_app
from cdp.cli.tables import table_of
from cdp.project import Project

Names = Annotated[list[str] | None, typer.Argument(metavar="[SYNC]...", help="Default: every declared sync.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]

sync_app = typer.Typer(help="Make the tools hold what the warehouse says.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    from reverse_etl.feedback.commands import feedback_app
    from reverse_etl.sandbox.commands import sandbox_app
    from reverse_etl.upkeep_commands import register_upkeep

    register_upkeep(sync_app)
    app.command("plan")(plan)
    app.add_typer(sync_app, name="sync")
    app.add_typer(sandbox_app, name="sandbox")
    app.add_typer(feedback_app, name="feedback")
    explain_app.command("sync")(explain_sync)


def plan(
    names: Names = None,
    as_json: AsJson = False,
    save: Annotated[
        Path | None, typer.Option(help="Write the plans to this file, to be reviewed and run as they are.")
    ] = None,
) -> None:
    """What each sync would add, update and remove, before any call."""
    from reverse_etl.engine.guards import reason_to_hold
    from reverse_etl.runs import plan_syncs
    from reverse_etl.saved_plans import saved, write_plans

    rows: list[dict[str, Any]] = []
    kept = []
    project = Project.load()
    for made in plan_syncs(project, names):
        age = project.clock.now() - made.reader.generation.as_of
        hold = reason_to_hold(made.counts, made.sync.guards, age)
        rows.append({"sync": made.sync.name, **asdict(made.counts), "hold": hold, "samples": made.samples})
        if save is not None:
            kept.append(saved(made))
    if save is not None:
        write_plans(save, kept)
    if as_json:
        output.print_json(json.dumps(rows))
        return
    output.print(
        table_of(
            ["sync", "add", "update", "remove", "unchanged", "still_rejected", "missing_key", "duplicate_key"], rows
        )
    )
    for row in rows:
        for change, keys in row["samples"].items():
            output.print(
                f"{row['sync']}: {change}, for example {', '.join(keys) or 'a row without a key'}", markup=False
            )
        if row["hold"]:
            output.print(f"{row['sync']} would be held: {row['hold']}", markup=False)


@sync_app.command("run")
def sync_run(
    names: Names = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan only, like `cdp plan`.")] = False,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Of `cdp plan --save`: carry out exactly these plans, or nothing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Carry the plans out.

    Ends with 0 where every sync ended well (single rows may have been refused), 4 where one is held for a person,
    1 where one is incomplete or failed: run it again, what is in flight is kept.
    """
    if dry_run:
        plan(names, as_json)
        return
    from reverse_etl.observers import progress_printer
    from reverse_etl.runs import run_syncs
    from reverse_etl.saved_plans import read_plans

    agreed = read_plans(plan_file) if plan_file else None
    results = run_syncs(Project.load(), names or list(agreed or ()), progress_printer(errors), agreed)
    rows = [_result_row(result) for result in results]
    if as_json:
        output.print_json(json.dumps(rows))
    else:
        output.print(table_of(["sync", "status", "planned", "ok", "rejected", "unknown", "held", "in_flight"], rows))
    codes = {result.exit_code for result in results}
    raise typer.Exit(1 if 1 in codes else max(codes, default=0))


def _result_row(result: Any) -> dict[str, Any]:
    return {
        "sync": result.sync,
        "destination": result.destination,
        "run": result.run,
        "status": result.status.value,
        "reason": result.reason,
        **asdict(result.counts),
        "plan": asdict(result.plan) if result.plan else None,
    }


@sync_app.command("release")
def sync_release(
    name: str,
    reason: Annotated[str, typer.Option(help="Why it may go; kept in the audit log.", prompt=True)],
) -> None:
    """Let exactly the plan that is held go, with the next run."""
    from cdp.store import open_store
    from reverse_etl.holds import release
    from reverse_etl.syncs import load_sync

    project = Project.load()
    sync = load_sync(project, name)
    store = open_store(project.store_url)
    digest = release(store, sync.name, getpass.getuser(), reason, project.clock.now())
    store.close()
    output.print(f"plan {digest} of {name} may go; now: cdp sync run {name}")


@sync_app.command("new-key")
def sync_new_key() -> None:
    """A new key for the outbox; put it first in CDP_OUTBOX_KEYS, and leave the old one behind it."""
    from reverse_etl.payload import new_key

    output.print(new_key(), markup=False, soft_wrap=True)


@sync_app.command("status")
def sync_status(names: Names = None, as_json: AsJson = False) -> None:
    """How each sync stands: its last run, what its tool holds of ours, what is refused, in flight or held."""
    from cdp.store import open_store
    from reverse_etl.receipts import ReceiptsProjection
    from reverse_etl.status import status_of
    from reverse_etl.syncs import load_syncs

    project = Project.load()
    store = open_store(project.store_url)
    projection = ReceiptsProjection(store, project.lake)
    projection.catch_up()
    syncs = load_syncs(project, names)
    rows = [asdict(status_of(store, projection, sync)) for sync in syncs]
    left = [] if names else projection.undeclared({name for sync in syncs for name in sync.names})
    store.close()
    if as_json:
        output.print_json(json.dumps(rows, default=str))
        return
    output.print(
        table_of(
            ["sync", "status", "started_at", "acknowledged", "rejected", "reject_share", "in_flight", "open_holds"],
            rows,
        )
    )
    for row in rows:
        if row["reason"]:
            output.print(f"{row['sync']}: {row['reason']}", markup=False)
    for gone in left:
        told = f"{gone.sync} is not declared any more: {gone.rows:,} rows stay in {gone.target}, and nobody keeps them"
        remedy = (
            f"A sync that takes them over says `formerly: [{gone.sync}]`; to take them out there, put its file back"
        )
        output.print(f"{told}. {remedy} and run: cdp sync remove {gone.sync}", markup=False)


def explain_sync(name: str, key: str) -> None:
    """Why a key is, or is not, at a destination: what is desired, acknowledged, refused and in flight."""
    from reverse_etl.explain import explain_key

    for line in explain_key(Project.load(), name, key):
        output.print(line, markup=False)
