"""`cdp explain …`: every answer with its reasons. Each room adds what it can explain."""

import typer

explain_app = typer.Typer(help="Why something is as it is.", no_args_is_help=True)
