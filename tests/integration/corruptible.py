"""A demo company that can be put back to where it stood, beside tools that count who calls them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from cdp.demo.world import WorldSpec
from cdp.demo.year import DemoYear
from cdp.landing.land import land
from cdp.pipeline.building import building
from cdp.project import Project
from cdp.store import open_store
from cdp.warehouse import open_warehouse
from quality.landing.gate import landing_gate
from reverse_etl.sandbox.app import build_app
from reverse_etl.sandbox.serving import announced, bound_listener, sandbox_accounts, sandbox_folder, serve, url_of
from reverse_etl.sandbox.state import SandboxState
from tests.doubles.corruptions import Corruption, Day
from tests.integration.walk import Ended, Installation


@dataclass
class Counted:
    """An application, and the calls that came to it; asking for its health is none."""

    app: ASGIApp
    calls: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != "/health":
            self.calls.append(scope["path"])
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Ran:
    """A run: how it ended, and the calls that the tools got meanwhile."""

    ended: Ended
    calls: list[str]

    @property
    def told(self) -> str:
        """What a person reads of what went wrong, on one line."""
        return " ".join(self.ended.err.split())


class Company(Installation):
    """A demo company in `root`, which a copy of it beside remembers."""

    @classmethod
    def begin(cls, root: Path, households: int | None, until: date) -> Company:
        """A world of so many households, of which nothing has landed; None takes all of them."""
        company = cls(root)
        DemoYear(company.project).begin(WorldSpec(households=households), until)
        return company

    @classmethod
    def standing_in(cls, root: Path) -> Company:
        """The company that is there already."""
        company = cls.__new__(cls)
        company.root, company.outputs, company.project = root, [], Project.load(root)
        return company

    def remember(self) -> None:
        _copy(self.root, self._template)

    def restore(self) -> None:
        """Back to where it stood when it was remembered."""
        shutil.rmtree(self.root)
        _copy(self._template, self.root)

    def deliver(self) -> Day:
        return Day.deliver(self.root, self.root.with_name("originals"))

    def spoil(self, corruption: Corruption) -> Day:
        """Let a day come, and spoil it before anybody has looked at it."""
        shutil.rmtree(self.root.with_name("originals"), ignore_errors=True)
        day = self.deliver()
        corruption.spoil(day)
        if corruption.is_rule:
            assert self.cdp("compile").code == 0
        return day

    def repair(self, day: Day) -> None:
        """What whoever delivers, or wrote the rule, would do."""
        day.repair()
        for room in ("activation", "dbt_project"):
            shutil.rmtree(self.root / room)
            _copy(self._template / room, self.root / room)

    def run(self) -> Ran:
        """One `cdp run`, with the tools in this process."""
        with self._tools() as counted:
            ended = self.cdp("run")
        assert not self.guard_log.exists(), self.guard_log.read_text()
        return Ran(ended, counted.calls)

    def land(self) -> None:
        """Land what has arrived, judged as a run judges it. Raises what a run tells."""
        store = open_store(self.project.store_url)
        try:
            land(self.project, self.project.clock.now(), inspect=landing_gate(self.project, store, lambda _: None))
        finally:
            store.close()

    def publish_nothing(self) -> None:
        """Readers see a generation of what has landed, in which nothing was built: days are judged from here on."""
        with building(self.project) as held:
            held.begin()
            held.publish()

    @property
    def published(self) -> int:
        """Number of the generation that readers see."""
        generation = open_warehouse(self.project).published()
        return generation.number if generation else 0

    @property
    def _template(self) -> Path:
        return self.root.with_name("template")

    @contextmanager
    def _tools(self) -> Iterator[Counted]:
        state = SandboxState(sandbox_folder(self.project))
        counted, listener = Counted(build_app(state, sandbox_accounts(self.project))), bound_listener()
        server = serve(counted, listener)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with announced(self.project, url_of(listener)):
                yield counted
        finally:
            server.should_exit = True
            thread.join()
            listener.close()
            state.close()

    def _environment(self) -> dict[str, str]:
        environment: dict[str, Any] = {**super()._environment()}
        del environment["CDP_SANDBOX_ESP_KEY"]  # the accounts keep keys of their own, which this process reads, too
        return environment


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=_copied, symlinks=True)


def _copied(file: str, to: str) -> str:
    """What is only ever replaced, never written to again, a copy may share."""
    if file.endswith(".parquet") or "/inbox/" in file:
        os.link(file, to)
        return to
    return str(shutil.copy2(file, to))
