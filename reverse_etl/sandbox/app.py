"""The tools as one web application: who is let in, how often, and how much at once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reverse_etl.sandbox.ads import ADS
from reverse_etl.sandbox.esp import ESP
from reverse_etl.sandbox.sms import SMS
from reverse_etl.sandbox.state import SandboxState
from reverse_etl.sandbox.tool import Action, Row, Tool

TOOLS = {tool.name: tool for tool in (ESP, SMS, ADS)}


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """One customer of one tool."""

    name: str
    tool: str
    key: str = field(repr=False)


class RateLimit:
    """Tokens per account: `per_second` of them, as many again saved up."""

    def __init__(self, per_second: float) -> None:
        self._per_second, self._left = per_second, dict[str, tuple[float, float]]()

    def take(self, account: str) -> None:
        """Raises HTTPException 429 that says when to come back."""
        now = time.monotonic()
        left, since = self._left.get(account, (self._per_second, now))
        left = min(self._per_second, left + (now - since) * self._per_second)
        if left < 1:
            wait = (1 - left) / self._per_second
            raise HTTPException(429, "too many requests", {"Retry-After": str(max(1, round(wait)))})
        self._left[account] = (left - 1, now)


def build_app(state: SandboxState, accounts: list[SandboxAccount], requests_per_second: float = 200) -> Starlette:
    """All three tools, each under its own prefix, over one state."""
    limit = RateLimit(requests_per_second)
    routes = [
        Route(
            f"/{tool.name}{tool.list_path}/{action.path}",
            _endpoint(tool, action, state, accounts, limit),
            methods=["POST"],
        )
        for tool in TOOLS.values()
        for action in tool.actions
    ] + [
        Route(f"/{tool.name}{tool.list_path}/search", _search(tool, state, accounts, limit), methods=["POST"])
        for tool in TOOLS.values()
    ]

    async def health(_: Request) -> Response:
        return JSONResponse({"accounts": {account.name: account.tool for account in accounts}})

    return Starlette(routes=[Route("/health", health), *routes], exception_handlers={HTTPException: _refusal})


def _endpoint(
    tool: Tool, action: Action, state: SandboxState, accounts: list[SandboxAccount], limit: RateLimit
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        account = _admitted(tool, request.headers, accounts)
        limit.take(account)
        body = _read_body(tool, await request.body())
        request_id = tool.request_id(request.headers, body)
        answer = state.answered(account, request_id) if request_id else None
        if answer is None:
            rows = _read_rows(tool, action, body)
            codes = [tool.judge(action, row) for row in rows]
            taken = [(row.key, _json(row.fields)) for row, code in zip(rows, codes, strict=True) if code is None]
            answer = _json(tool.answer(codes))
            remembered = (request_id, answer) if request_id else None
            state.apply((account, request.path_params["list"]), action.operation, taken, remembered)
        return Response(answer, media_type="application/json")

    return handle


def _search(
    tool: Tool, state: SandboxState, accounts: list[SandboxAccount], limit: RateLimit
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        account = _admitted(tool, request.headers, accounts)
        limit.take(account)
        body = _read_body(tool, await request.body())
        try:
            asked = set(body["keys"])
        except (KeyError, TypeError):
            raise HTTPException(400, "not the shape this tool reads") from None
        return JSONResponse({"found": sorted(asked & state.members(account, request.path_params["list"]).keys())})

    return handle


def _admitted(tool: Tool, headers: Mapping[str, str], accounts: list[SandboxAccount]) -> str:
    shown = tool.credential(headers)
    for account in accounts:
        if account.tool == tool.name and secrets.compare_digest(account.key.encode(), shown.encode()):
            return account.name
    raise HTTPException(401, "unknown credential")


def _read_body(tool: Tool, raw: bytes) -> Any:
    if len(raw) > tool.max_bytes:
        raise HTTPException(413, "too large")
    try:
        return orjson.loads(raw)
    except ValueError:
        raise HTTPException(400, "not JSON") from None


def _read_rows(tool: Tool, action: Action, body: Any) -> list[Row]:
    try:
        rows = tool.read(action, body)
    except (KeyError, TypeError, AttributeError):
        raise HTTPException(400, "not the shape this tool reads") from None
    if len(rows) > tool.max_rows:
        raise HTTPException(413, "too many rows")
    return rows


def _json(content: object) -> str:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, dict(error.headers or {}))
