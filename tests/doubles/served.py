"""The sandbox in a thread of this process, over a network that fails when told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

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
def served_sandbox(
    folder: Path, faults: Faults | None = None, requests_per_second: float = 1_000
) -> Iterator[ServedSandbox]:
    faults = faults or Faults()
    state, listener = SandboxState(folder), bound_listener()
    accounts = [SandboxAccount(name, name, key) for name, key in KEYS.items()]
    server = serve(FaultyNetwork(build_app(state, accounts, requests_per_second), faults), listener)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield ServedSandbox(url_of(listener), state, faults)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        state.close()
