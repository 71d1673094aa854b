"""`cdp ui` as a person leaves it running: its processes, what they weigh, and when they are done with a day."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cdp.warehouse import open_warehouse
from tests.integration.walk import CDP, Installation

_PATIENCE = 1_800.0
_IN_PROGRESS = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"]
_RUNS = """query($statuses: [RunStatus!]) { runsOrError(filter: {statuses: $statuses}, limit: 50) {
    ... on Runs { results { runId jobName status tags { key value } } } } }"""


@dataclass(frozen=True)
class Child:
    """A process below `cdp ui`; `rss` in bytes."""

    pid: int
    command: str
    rss: int


class Ui:
    """One `cdp ui` of one installation."""

    def __init__(self, installation: Installation, process: subprocess.Popen[bytes], port: int) -> None:
        self.installation, self.process, self.url = installation, process, f"http://127.0.0.1:{port}"

    def children(self) -> list[Child]:
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            try:
                found.append(_child(pid))
                tasks = Path(f"/proc/{pid}/task").iterdir()
                waiting += [int(each) for task in tasks for each in (task / "children").read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found

    def kill(self, word: str) -> bool:
        """Kill the first process whose command has `word`; False where there is none."""
        for child in self.children():
            if word in child.command:
                os.kill(child.pid, signal.SIGKILL)
                return True
        return False

    def runs(self, *statuses: str) -> list[dict[str, Any]]:
        variables = {"statuses": list(statuses) or None}
        answer = httpx.post(f"{self.url}/graphql", json={"query": _RUNS, "variables": variables}, timeout=60)
        return list(answer.json()["data"]["runsOrError"]["results"])

    def is_done(self) -> bool:
        """Whether what is published is of this moment, and nothing is at work or waiting."""
        published = open_warehouse(self.installation.project).published()
        is_current = published is not None and published.as_of == self.installation.project.clock.now()
        return is_current and not self.runs(*_IN_PROGRESS)

    def wait_for_the_day(self) -> float:
        """Wait until the day is done, its syncs included; the seconds that took."""
        since = time.monotonic()
        # Between two runs nothing is at work for a moment.
        self.wait_until(lambda: self.is_done() and not time.sleep(25) and self.is_done())
        return time.monotonic() - since

    def wait_until(self, condition: Callable[[], bool], patience: float = _PATIENCE) -> None:
        deadline = time.monotonic() + patience
        while not _answers(condition):
            assert time.monotonic() < deadline, [child.command[:80] for child in self.children()]
            time.sleep(2)


@contextmanager
def running_ui(installation: Installation) -> Iterator[Ui]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (installation.root / "ui.log").open("ab") as log:
        process = subprocess.Popen(
            [CDP, "ui", "--port", str(port)],
            cwd=installation.root,
            env=installation._environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    ui = Ui(installation, process, port)
    try:
        ui.wait_until(lambda: httpx.get(f"{ui.url}/server_info", timeout=5).is_success, 300)
        yield ui
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        for child in ui.children():
            os.kill(child.pid, signal.SIGKILL)


def weight(folder: Path) -> int:
    """Bytes of everything below `folder`."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _answers(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except (httpx.HTTPError, KeyError, TypeError, FileNotFoundError):
        return False


def _child(pid: int) -> Child:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    (pages,) = Path(f"/proc/{pid}/statm").read_text().split()[1:2]
    return Child(pid, command, int(pages) * os.sysconf("SC_PAGE_SIZE"))
