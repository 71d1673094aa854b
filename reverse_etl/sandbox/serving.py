"""Where the sandbox runs: one that is up already, or a child process for as long as it is needed."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from cdp.errors import ConfigurationError
from cdp.project import Project
from reverse_etl.destinations.accounts import SANDBOX_URL, address_of
from reverse_etl.destinations.registry import connector
from reverse_etl.sandbox.app import SandboxAccount

_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that is up, or on its way."""

    wait: Callable[[], str]

    @property
    def url(self) -> str:
        """Where it answers; waits until it does.

        Raises ConfigurationError where it does not come up.
        """
        return self.wait()

    def base_url(self, tool: str) -> str:
        return f"{self.url}/{tool}"


def sandbox_folder(project: Project) -> Path:
    return project.state / "sandbox"


def sandbox_accounts(project: Project) -> list[SandboxAccount]:
    """One account per destination that lives in the sandbox; its key from the environment, else made once and kept."""
    keys = _keys(sandbox_folder(project) / "keys.json", _destinations(project))
    return [
        SandboxAccount(name, tool, os.environ.get(project.settings.destinations[name].secret_env) or keys[name])
        for name, tool in _destinations(project).items()
    ]


@contextmanager
def running_sandbox(project: Project) -> Iterator[Sandbox]:
    """A sandbox for the length of a block, with the variables of its accounts set where nobody set them.

    It starts beside whatever the block does first: its `url` is there as soon as somebody asks for it.
    """
    with _credentials(project):
        url = _live(project)
        if url:
            yield Sandbox(lambda: url)
            return
        with _child(project) as wait:
            yield Sandbox(wait)


def serve(app: ASGIApp, listener: socket.socket) -> uvicorn.Server:
    """A server over a bound socket; its `run(sockets=[listener])` blocks until `should_exit` is set."""
    listener.listen()
    return uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", access_log=False))


def bound_listener(port: int = 0) -> socket.socket:
    """A loopback socket; port 0 takes a free one."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def announced(project: Project, url: str) -> Iterator[None]:
    """Tell other processes of this project where the sandbox is, as long as it is there."""
    file = _address_file(project)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps({"url": url}))
    unfinished.replace(file)
    try:
        yield
    finally:
        if _announced_url(project) == url:
            file.unlink(missing_ok=True)


def _destinations(project: Project) -> dict[str, str]:
    found = project.settings.destinations
    in_sandbox = [name for name in found if address_of(project, name) == SANDBOX_URL]
    return {name: str(connector(found[name].type, project).sandbox_tool) for name in in_sandbox}


def _keys(file: Path, accounts: dict[str, str]) -> dict[str, str]:
    keys: dict[str, str] = json.loads(file.read_text()) if file.is_file() else {}
    missing = [name for name in accounts if name not in keys]
    if missing:
        keys |= {name: secrets.token_urlsafe(24) for name in missing}
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
            json.dump(keys, opened)
        unfinished.replace(file)
    return keys


@contextmanager
def _credentials(project: Project) -> Iterator[None]:
    given: list[str] = []
    for account in sandbox_accounts(project):
        variable = project.settings.destinations[account.name].secret_env
        if not os.environ.get(variable):
            os.environ[variable] = account.key
            given.append(variable)
    try:
        yield
    finally:
        for variable in given:
            os.environ.pop(variable, None)


def _address_file(project: Project) -> Path:
    return sandbox_folder(project) / "address.json"


def _announced_url(project: Project) -> str | None:
    try:
        return str(json.loads(_address_file(project).read_text())["url"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _live(project: Project) -> str | None:
    url = _announced_url(project)
    if url is None:
        return None
    try:
        answer = httpx.get(f"{url}/health", timeout=2.0)
    except httpx.HTTPError:
        return None
    return url if answer.is_success and answer.json().get("accounts") == _destinations(project) else None


@contextmanager
def _child(project: Project) -> Iterator[Callable[[], str]]:
    # The child ends when its standard input does: with this block, or with this process, however it dies.
    process = subprocess.Popen(
        [sys.executable, "-m", "reverse_etl.sandbox", str(project.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    first_line = process.stdout.readline

    @cache
    def wait() -> str:
        url = first_line().strip()
        if not url or not _answers(url):
            raise ConfigurationError("the sandbox did not start.", remedy="Run `cdp sandbox serve` to see why.")
        return url

    try:
        yield wait
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _answers(url: str) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            return httpx.get(f"{url}/health", timeout=2.0).is_success
        except httpx.HTTPError:
            time.sleep(0.05)
    return False
