"""The receiver: `POST /feedback/<destination>`. It answers 200 when what was reported is on the disk.

An answer has no body and a log line no value: who calls learns nothing, and neither does who reads the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from cdp.clock import Clock
from cdp.errors import CdpError
from reverse_etl.feedback.admission import CallRate, read_body
from reverse_etl.feedback.inbox import Inbox
from reverse_etl.feedback.words import Posted, Reader, SignatureError, Trust, UnreadableError

_PATH = "/feedback/{destination}"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where one destination reports to."""

    trust: Trust
    reader: Reader


@dataclass(frozen=True, slots=True)
class Call:
    """What became of one call: `new` of `read` events were not known, `unreadable` ones are kept as such."""

    destination: str
    status: int
    read: int = 0
    new: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Receiving:
    """What the receiver works with; `wall` gives epoch seconds."""

    mailboxes: Mapping[str, Mailbox]
    inbox: Inbox
    clock: Clock
    max_bytes: int = 1_000_000
    calls_per_second: float = 100.0
    observe: Callable[[Call], None] = lambda _: None
    wall: Callable[[], float] = time.time


def build_receiver(receiving: Receiving) -> Starlette:
    """The receiver as a web application. Everything but its one path is 404."""
    rate = CallRate(receiving.calls_per_second, time.monotonic)

    async def receive(request: Request) -> Response:
        name = request.path_params["destination"]
        try:
            rate.take(request.client.host if request.client else "")
            mailbox = receiving.mailboxes.get(name)
            if mailbox is None:
                raise HTTPException(404)
            call = await _received(receiving, mailbox, request)
        except HTTPException as refusal:
            receiving.observe(Call(name if name in receiving.mailboxes else "", refusal.status_code))
            raise
        receiving.observe(call)
        return Response()

    return Starlette(routes=[Route(_PATH, receive, methods=["POST"])], exception_handlers={HTTPException: _refusal})


async def _received(receiving: Receiving, mailbox: Mailbox, request: Request) -> Call:
    try:
        body = await read_body(request, receiving.max_bytes)
    except ClientDisconnect:
        raise HTTPException(400) from None
    headers = {name.lower(): value for name, value in request.headers.items()}
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return await run_in_threadpool(_keep, receiving, mailbox, Posted(body, headers, path, receiving.wall()))


def _keep(receiving: Receiving, mailbox: Mailbox, posted: Posted) -> Call:
    name = mailbox.trust.name
    try:
        mailbox.reader.verify(posted, mailbox.trust)
        events = mailbox.reader.read(posted)
        new = receiving.inbox.keep(name, events, receiving.clock.now()) if events else 0
    except SignatureError:
        raise HTTPException(401) from None
    except UnreadableError:
        raise HTTPException(400) from None
    except (CdpError, SQLAlchemyError):
        raise HTTPException(503, headers={"Retry-After": "10"}) from None
    return Call(name, 200, len(events), new, sum(event.kind == "unreadable" for event in events))


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Response(status_code=error.status_code, headers=dict(error.headers or {}))
