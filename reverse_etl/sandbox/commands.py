"""`cdp sandbox …`: run the tools in the foreground, and look at what stands in them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from cdp.cli.console import errors, output
from cdp.project import Project

sandbox_app = typer.Typer(help="Stand-ins for the tools, on this machine.", no_args_is_help=True)


@sandbox_app.command("serve")
def serve_sandbox(port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0) -> None:
    """Run the sandbox until Ctrl-C; runs of this project find it by themselves."""
    from reverse_etl.sandbox.app import build_app
    from reverse_etl.sandbox.serving import (
        announced,
        bound_listener,
        sandbox_accounts,
        sandbox_folder,
        serve,
        url_of,
    )
    from reverse_etl.sandbox.state import SandboxState

    project = Project.load()
    state, listener = SandboxState(sandbox_folder(project)), bound_listener(port)
    with announced(project, url_of(listener)):
        errors.print(f"the sandbox answers at {url_of(listener)}; its keys are in {sandbox_folder(project)}/keys.json")
        serve(build_app(state, sandbox_accounts(project)), listener).run(sockets=[listener])
    state.close()


@sandbox_app.command("show")
def show_sandbox(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """What stands in each tool: members per list, and the first keys, masked."""
    from reverse_etl.engine.plan import masked
    from reverse_etl.sandbox.serving import sandbox_folder
    from reverse_etl.sandbox.state import SandboxState

    state = SandboxState(sandbox_folder(Project.load()))
    rows: list[dict[str, Any]] = [
        {**asdict(one), "first_keys": [masked(key) for key in one.first_keys]} for one in state.lists()
    ]
    state.close()
    if as_json:
        output.print_json(json.dumps(rows))
        return
    table = Table("account", "list", "members", "for example", box=None)
    for row in rows:
        table.add_row(row["account"], row["name"], str(row["members"]), ", ".join(row["first_keys"]))
    output.print(table)
