"""`cdp feedback …`: listen to what tools report."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from cdp.cli.console import errors
from cdp.errors import ConfigurationError
from cdp.project import Project

feedback_app = typer.Typer(help="What tools report of the messages they delivered.", no_args_is_help=True)


@feedback_app.callback()
def feedback() -> None:
    """Keeps `serve` a word of its own while it is the only one."""


@feedback_app.command("serve")
def serve_feedback(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8400,
    host: Annotated[str, typer.Option(help="Where to listen; what faces the internet should speak TLS.")] = "127.0.0.1",
    max_bytes: Annotated[int, typer.Option(min=1, help="Largest body of a call.")] = 1_000_000,
    calls_per_second: Annotated[float, typer.Option(min=0.1, help="Of one caller.")] = 100.0,
) -> None:
    """Receive until Ctrl-C; what was received lands with the next `cdp run`."""
    import uvicorn

    from cdp.store import open_store
    from reverse_etl.feedback.inbox import Inbox
    from reverse_etl.feedback.mailboxes import mailboxes_of
    from reverse_etl.feedback.receiver import Call, Receiving, build_receiver

    def told(call: Call) -> None:
        errors.print(
            f"{call.destination or 'unknown'}: {call.status}, {call.read} events, {call.new} new, "
            f"{call.unreadable} unreadable",
            markup=False,
        )

    project = Project.load()
    mailboxes, store = mailboxes_of(project), open_store(project.store_url)
    receiving = Receiving(mailboxes, Inbox(store), project.clock, max_bytes, calls_per_second, told)
    listener = _listener(host, port)
    errors.print(f"receiving at http://{host}:{listener.getsockname()[1]}/feedback/… of {', '.join(sorted(mailboxes))}")
    config = uvicorn.Config(build_receiver(receiving), log_level="critical", lifespan="off", access_log=False)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        store.close()


def _listener(host: str, port: int) -> socket.socket:
    """Raises ConfigurationError where nothing can listen there."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise ConfigurationError(
            f"nothing can listen at {host}:{port}: {error.strerror}.", remedy="Name another `--port` or `--host`."
        ) from None
