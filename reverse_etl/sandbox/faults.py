"""A network that fails on purpose: requests and answers get lost, before and after they take effect."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from random import Random
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Fault(StrEnum):
    """What happens to one request; only `lose_after` and `half_answer` come after it took effect."""

    NONE = "none"
    LOSE_BEFORE = "lose_before"
    LOSE_AFTER = "lose_after"
    HALF_ANSWER = "half_answer"
    FAIL = "fail"
    BUSY = "busy"
    HANG = "hang"


class Faults:
    """Which fault comes next: those of `script` first, then any of `kinds` at `rate` (0 to 1)."""

    def __init__(
        self,
        script: Iterable[Fault] = (),
        rate: float = 0.0,
        kinds: Iterable[Fault] = (Fault.LOSE_BEFORE, Fault.LOSE_AFTER, Fault.HALF_ANSWER, Fault.FAIL, Fault.BUSY),
        seed: int = 0,
        hang_seconds: float = 30.0,
    ) -> None:
        self.script, self.rate, self.kinds, self.hang_seconds = list(script), rate, list(kinds), hang_seconds
        self._rng = Random(seed)  # noqa: S311 - reproducible on purpose

    def next(self) -> Fault:
        if self.script:
            return self.script.pop(0)
        return self._rng.choice(self.kinds) if self._rng.random() < self.rate else Fault.NONE


class FaultyNetwork:
    """ASGI middleware, outermost under uvicorn: it breaks the connection itself."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._faults.next() if scope["type"] == "http" and scope["path"] != "/health" else Fault.NONE
        if fault is Fault.NONE:
            await self._app(scope, receive, send)
        elif fault in {Fault.FAIL, Fault.BUSY}:
            await _refuse(fault)(scope, receive, send)
        else:
            await self._break(fault, scope, receive, send)

    async def _break(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault is Fault.HANG:
            await asyncio.sleep(self._faults.hang_seconds)
        if fault in {Fault.LOSE_AFTER, Fault.HALF_ANSWER}:
            answer = await self._answer(scope, receive)
            if fault is Fault.HALF_ANSWER:
                await _send_half(answer, send)
        await _abort(receive)

    async def _answer(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages


def _refuse(fault: Fault) -> ASGIApp:
    if fault is Fault.BUSY:
        return JSONResponse({"error": "too many requests"}, 429, {"Retry-After": "0"})
    return JSONResponse({"error": "internal error"}, 500)


async def _send_half(answer: list[Message], send: Send) -> None:
    start, body = answer[0], answer[1]["body"]
    await send(start)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _abort(receive: Any) -> None:
    # ASGI has no word for it; uvicorn's `receive` is a method of the object that owns the connection.
    receive.__self__.transport.abort()
    await asyncio.sleep(0.01)
