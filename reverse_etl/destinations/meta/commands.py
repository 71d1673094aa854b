"""`cdp meta …`: what a sync to Meta does not do by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from cdp.cli.console import output
from cdp.errors import ConfigurationError
from cdp.project import Project

meta_app = typer.Typer(help="Beside the syncs to Meta.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this connector's commands to the shell."""
    meta_app.command("lookalike")(make_lookalike)
    app.add_typer(meta_app, name="meta")


def make_lookalike(
    sync: Annotated[str, typer.Argument(help="The sync that fills the audience to begin with.")],
    country: Annotated[str, typer.Option(help="Two letters, such as DE.")],
    ratio: Annotated[float, typer.Option(min=0.01, max=0.2, help="Which part of the country is to be alike.")] = 0.01,
) -> None:
    """Make a look-alike of a sync's audience, unless there is one. Meta keeps it up to date."""
    from reverse_etl.destinations.accounts import account_of, address_of
    from reverse_etl.destinations.meta.graph import Graph
    from reverse_etl.destinations.meta.lookalikes import lookalike
    from reverse_etl.syncs import load_sync

    project = Project.load()
    declared = load_sync(project, sync)
    if project.settings.destinations[declared.destination].type != "meta":
        raise ConfigurationError(f"`{sync}` does not go to Meta.", remedy="Name a sync whose destination is.")
    address = address_of(project, declared.destination)
    graph = Graph(account_of(project, declared.destination, address))
    try:
        name = f"{declared.name}: look-alike {country.upper()} {ratio:.0%}"
        found = lookalike(graph, declared.object, country.upper(), ratio, name)
    finally:
        graph.close()
    output.print(
        f"{'made' if found.is_new else 'there is already'} {found.audience}: {found.country} {found.ratio:.0%}"
    )
