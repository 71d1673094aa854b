"""`cdp generations …`: what readers may see, and going back."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cdp.cli.console import output
from cdp.cli.tables import table_of
from cdp.project import Project

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]

generations_app = typer.Typer(help="Built states of the warehouse: see, compare, go back.", no_args_is_help=True)
_LISTED = ("number", "as_of", "batch", "published_at", "megabytes", "standing")


@generations_app.command("list")
def list_generations(as_json: AsJson = False) -> None:
    """Every generation that is kept, the newest first: what readers see, and what was rolled back from."""
    from contextlib import closing

    from cdp.operations.generations import last_decision
    from cdp.store import open_store
    from cdp.warehouse import open_warehouse

    project = Project.load()
    kept = open_warehouse(project).kept()
    if as_json:
        output.print_json(json.dumps([_flat(each) for each in kept], default=str))
        return
    if not kept:
        output.print("Nothing has been published yet. Run `cdp run`.")
        return
    output.print(table_of(_LISTED, [_row(_flat(each)) for each in kept]))
    with closing(open_store(project.store_url)) as store:
        output.print(last_decision(store), markup=False, soft_wrap=True)


def _flat(kept: Any) -> dict[str, Any]:
    told = asdict(kept)
    return {**told.pop("generation"), **told}


def _row(kept: dict[str, Any]) -> dict[str, Any]:
    standing = "published" if kept["is_published"] else "set aside: builds wait" if kept["is_set_aside"] else ""
    return {**kept, "megabytes": round(kept["bytes"] / 1e6), "standing": standing}


@generations_app.command("compare")
def compare_generations(
    older: int,
    newer: int,
    inner: Annotated[bool, typer.Option("--all", help="Also the tables between sources and marts.")] = False,
    as_json: AsJson = False,
) -> None:
    """What differs between two generations: rows that came, went and changed by table, members by segment."""
    from cdp.operations.comparing import compare

    found = compare(Project.load(), older, newer, inner=inner)
    if as_json:
        output.print_json(json.dumps(asdict(found)))
        return
    changed = [_named(asdict(each), older, newer) for each in found.tables if each.is_change]
    sides = (f"in {older}", f"in {newer}")
    if changed:
        output.print(table_of(("table", *sides, "added", "removed", "changed"), changed))
    else:
        output.print(f"No table of generation {newer} differs from generation {older}.")
    output.print()
    output.print(table_of(("segment", *sides), [_named(asdict(each), older, newer) for each in found.segments]))


def _named(row: dict[str, Any], older: int, newer: int) -> dict[str, Any]:
    return {**row, f"in {older}": row["older"], f"in {newer}": row["newer"]}


@generations_app.command("rollback")
def rollback(
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.", prompt=True)],
    number: Annotated[int | None, typer.Argument(help="Default: the one before what readers see.")] = None,
) -> None:
    """Let readers see an older generation again; builds wait until `resume`, tools hold what they hold.

    Ends with 3 where a build is going on.
    """
    from cdp.operations.generations import roll_back

    generation = roll_back(Project.load(), number, getpass.getuser(), reason)
    output.print(
        f"Readers see generation {generation.number}, as of {generation.as_of}. Builds wait. What the tools were sent "
        "stands: `cdp plan` shows what the next sync takes back. Then: cdp generations resume --reason WHY",
        soft_wrap=True,
    )


@generations_app.command("resume")
def resume(reason: Annotated[str, typer.Option(help="Why; kept in the audit log.", prompt=True)]) -> None:
    """After a rollback: let the next run build again, from what readers see now."""
    from cdp.operations.generations import resume_builds

    aside = resume_builds(Project.load(), getpass.getuser(), reason)
    output.print(f"The next run builds; generation {aside.number} is no part of it.")
