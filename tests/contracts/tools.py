"""What stands at a vendor's, as the shared suite sees it: a server to look into, and to break."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reverse_etl.sandbox.faults import Faults
from tests.contracts.descriptions import Description
from tests.doubles.served import ServedSandbox, served, served_sandbox


class Tool(Protocol):
    """A tool that is up at `url`. Its list is the one that the case is about."""

    url: str
    faults: Faults

    def members(self) -> set[str]:
        """The keys that stand in the list; for a tool that is sent messages, those they were for."""
        ...

    def stranger(self) -> str:
        """Put a row into the list that is none of ours; gives its key."""
        ...

    def repeated(self) -> int:
        """How many effects happened twice that should have happened once."""
        ...


@dataclass
class SandboxTool:
    """One tool of the sandbox."""

    url: str
    faults: Faults
    sandbox: ServedSandbox
    place: tuple[str, str]

    def members(self) -> set[str]:
        return set(self.sandbox.state.members(*self.place))

    def stranger(self) -> str:
        self.sandbox.state.apply(self.place, "put", [("theirs", "{}")])
        return "theirs"

    def repeated(self) -> int:
        return self.sandbox.state.repeated_changes(self.place[0])


@contextmanager
def sandbox_tool(name: str, list_name: str, folder: Path) -> Iterator[SandboxTool]:
    with served_sandbox(folder) as sandbox:
        yield SandboxTool(f"{sandbox.url}/{name}", sandbox.faults, sandbox, (name, list_name))


class Described:
    """An application that refuses, before it looks, what the vendor's description does not have, and what is poison."""

    def __init__(self, app: ASGIApp, fake: VendorFake) -> None:
        self._app, self._fake = app, fake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if complaints := self._fake.description.check(request, body):
            await JSONResponse({"contract_errors": complaints}, 400)(scope, receive, send)
            return
        if self._fake.poison and self._fake.poison in body:
            await Response(status_code=422)(scope, receive, send)
            return

        async def again() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)


@dataclass
class VendorFake:
    """A stand-in that is as strict as the vendor's description; `fake` has what the vendor remembers.

    It refuses every request that has `poison` in it, and does not say why. A vendor's module subclasses it, gives
    `app`, and keeps `list` and `doubled` up to date.
    """

    vendor: str
    url: str = ""
    faults: Faults = field(default_factory=Faults)
    list: dict[str, object] = field(default_factory=dict)
    doubled: int = 0
    poison: bytes = b""

    def __post_init__(self) -> None:
        self.description = Description(self.vendor)

    @property
    def app(self) -> Starlette:
        raise NotImplementedError

    def members(self) -> set[str]:
        return set(self.list)

    def stranger(self) -> str:
        self.list["theirs"] = {}
        return "theirs"

    def repeated(self) -> int:
        return self.doubled

    @contextmanager
    def up(self) -> Iterator[VendorFake]:
        """It answers for the length of a block, in which nothing may be asked that the vendor does not know."""
        with served(Described(self.app, self), self.faults) as url:
            self.url = url + self.url
            yield self
        assert not self.description.violations, self.description.violations
