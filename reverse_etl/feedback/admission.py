"""How often one caller may call, and how much it may send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request

_MOST_CALLERS = 10_000
_BODY_SECONDS = 10.0


class CallRate:
    """Tokens per caller: `per_second` of them, as many again saved up. Callers are forgotten, the oldest first."""

    def __init__(self, per_second: float, monotonic: Callable[[], float]) -> None:
        self._per_second, self._monotonic = per_second, monotonic
        self._left = dict[str, tuple[float, float]]()

    def take(self, caller: str) -> None:
        """Raises HTTPException 429 that says when to come back."""
        now = self._monotonic()
        left, since = self._left.pop(caller, (self._per_second, now))
        left = min(self._per_second, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._left[caller] = (left - 1 if allowed else left, now)
        if len(self._left) > _MOST_CALLERS:
            del self._left[next(iter(self._left))]
        if not allowed:
            wait = (1 - left) / self._per_second
            raise HTTPException(429, headers={"Retry-After": str(max(1, round(wait)))})


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The raw body. Raises HTTPException 413 as soon as it is known to be too large, 408 where it does not come."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > max_bytes:
        raise HTTPException(413)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    return bytes(body)
