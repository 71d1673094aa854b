"""Web applications in a thread of this process, over a network that fails when told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from starlette.types import ASGIApp

from reverse_etl.sandbox.app import SandboxAccount, build_app
from reverse_etl.sandbox.faults import Faults, FaultyNetwork
from reverse_etl.sandbox.serving import bound_listener, serve, url_of
from reverse_etl.sandbox.state import SandboxState

KEYS = {"esp": "key-of-the-esp", "sms": "key-of-the-gateway", "ads": "key-of-the-ads"}


@dataclass
class ServedSandbox:
    url: str
    state: SandboxState
    faults: Faults


@contextmanager
def served(app: ASGIApp, faults: Faults) -> Iterator[str]:
    """The URL at which `app` answers, over `faults`."""
    listener = bound_listener()
    server = serve(FaultyNetwork(app, faults), listener)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def served_sandbox(
    folder: Path, faults: Faults | None = None, requests_per_second: float = 1_000
) -> Iterator[ServedSandbox]:
    faults, state = faults or Faults(), SandboxState(folder)
    accounts = [SandboxAccount(name, name, key) for name, key in KEYS.items()]
    try:
        with served(build_app(state, accounts, requests_per_second), faults) as url:
            yield ServedSandbox(url, state, faults)
    finally:
        state.close()
