"""A receiver that believes nothing that is not signed, and takes every event once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.webhook import CONNECTOR
from tests.contracts.case import Case, email, person
from tests.contracts.tools import VendorFake

_KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(_KEY).decode()}"
OTHER_SECRET = f"whsec_{base64.b64encode(bytes(32)).decode()}"
OBJECT = "newsletter"
_TOLERANCE = 300


@dataclass
class WebhookFake(VendorFake):
    """`events` are what was taken; `answer` is a status that it gives instead, and `bad` a key that it cannot bear."""

    vendor: str = "webhook"
    url: str = "/hooks/cdp"
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    answer: int = 0
    bad: str = ""

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/hooks/cdp", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        if not _is_signed(request.headers, await request.body()):
            return PlainTextResponse("who are you?", 401)
        if self.answer:
            return PlainTextResponse("no", self.answer, {"Location": "/hooks/elsewhere", "Retry-After": "7"})
        event, name = await request.json(), request.headers["webhook-id"]
        rows = event["data"].get("rows", [event["data"]])
        if self.bad in {row["key"] for row in rows}:
            return PlainTextResponse("there is something in it", 422)
        if name not in self.events:
            self.events[name] = event
            self._apply(event["type"], rows)
        return PlainTextResponse("thanks!")

    def _apply(self, kind: str, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if kind == f"{OBJECT}.remove":
                self.list.pop(row["key"], None)
            else:
                self.doubled += kind == f"{OBJECT}.add" and row["key"] in self.list
                self.list[row["key"]] = row["fields"]


def _is_signed(headers: Any, body: bytes) -> bool:
    moment = headers["webhook-timestamp"]
    if abs(time.time() - int(moment)) > _TOLERANCE:
        return False
    signed = b".".join([headers["webhook-id"].encode(), moment.encode(), body])
    expected = base64.b64encode(hmac.new(_KEY, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(one, f"v1,{expected}") for one in headers["webhook-signature"].split(" "))


@contextmanager
def webhook_receiver(_: Path) -> Iterator[WebhookFake]:
    with WebhookFake().up() as fake:
        assert isinstance(fake, WebhookFake)
        yield fake


CASE = Case(
    "webhook",
    CONNECTOR,
    webhook_receiver,
    Target(OBJECT),
    email,
    person,
    None,
    SECRET,
    ["anna", "Anna"],
    wrong_secret=OTHER_SECRET,
)
