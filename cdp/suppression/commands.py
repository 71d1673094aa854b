"""`cdp suppress`. Addresses come on standard input, for a command line is seen by others; none is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from cdp.cli.console import output
from cdp.cli.tables import table_of
from cdp.declarations.addresses import AddressKind, Reason
from cdp.errors import ConfigurationError
from cdp.project import Project

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Kind = Annotated[AddressKind, typer.Option("--address-kind", help="What the lines on standard input are.")]
_PATIENCE = 60.0

suppress_app = typer.Typer(no_args_is_help=True, help="Addresses that must not be written to, whatever is consented.")


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    app.add_typer(suppress_app, name="suppress")


@suppress_app.command("add")
def add(
    reason: Annotated[Reason, typer.Option("--reason", help="Why.")],
    address_kind: Kind,
    as_json: AsJson = False,
) -> None:
    """List the addresses on standard input, one a line; the next build keeps to it."""
    from cdp.suppression.changing import add_addresses

    project = Project.load()
    with _landing(project):
        added = add_addresses(project, reason, address_kind, _lines())
    if as_json:
        output.print_json(json.dumps(asdict(added)))
        return
    known = f"; {added.known:,} were before" if added.known else ""
    output.print(f"Listed as {reason}: {added.listed:,}{known}. `cdp run` builds upon it.", highlight=False)


@suppress_app.command("check")
def check(address_kind: Kind, as_json: AsJson = False) -> None:
    """Say which of the addresses on standard input, one a line, are listed, and why."""
    from cdp.suppression.changing import find_addresses

    rows = [asdict(found) for found in find_addresses(Project.load(), address_kind, _lines())]
    if as_json:
        output.print_json(json.dumps(rows, default=str))
    elif not rows:
        output.print("None of them is listed.")
    else:
        output.print(table_of(("line", "reason", "listed_at"), rows))


@suppress_app.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Make the newest key know every listed address that is still known here; says which keys must stay."""
    from cdp.suppression import changing

    project = Project.load()
    with _landing(project):
        rotated = changing.rotate(project)
    if as_json:
        output.print_json(json.dumps(asdict(rotated)))
        return
    output.print(f"Moved to {rotated.newest}: {rotated.moved:,} listings.", highlight=False)
    for key_id, count in sorted(rotated.waiting.items()):
        output.print(
            f"Keep {key_id}: only it knows {count:,} listings, whose addresses are not in any source.", highlight=False
        )
    if not rotated.waiting:
        output.print("No other key is needed any more.")


def _lines() -> list[str]:
    try:
        return sys.stdin.read().splitlines()
    except UnicodeDecodeError:
        raise ConfigurationError("standard input is not UTF-8 text.") from None


@contextmanager
def _landing(project: Project) -> Iterator[None]:
    from cdp.store import open_store

    store = open_store(project.store_url)
    try:
        with store.lease("landing", patience=_PATIENCE):
            yield
    finally:
        store.close()
