"""What the three tools have in common: a request is read, judged row by row, applied, and answered in its own shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.exceptions import HTTPException

JudgeCode = str | None
"""Why a row is refused, None where it is not."""


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """One path under a list, and what it does."""

    path: str
    operation: Literal["put", "remove"]


def _no_memory(_headers: Any, _body: Any) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `read` raises HTTPException where it refuses a request as a whole.

    `request_id` finds in headers or body what the tool remembers a request by, where it does.
    """

    name: str
    list_path: str
    actions: Sequence[Action]
    max_rows: int
    max_bytes: int
    credential: Callable[[Any], str]
    read: Callable[[Action, Any], list[Row]]
    judge: Callable[[Action, Row], JudgeCode]
    answer: Callable[[list[JudgeCode]], dict[str, Any]]
    request_id: Callable[[Any, Any], str | None] = _no_memory


def bearer(headers: Any) -> str:
    """The token of `Authorization: Bearer …`, empty where there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def refuse_whole(what: str) -> HTTPException:
    """A refusal that does not say which row is to blame, as many tools give."""
    return HTTPException(422, what)


def check_lengths(fields: dict[str, Any], longest: int) -> None:
    if any(isinstance(value, str) and len(value) > longest for value in fields.values()):
        raise refuse_whole("a field is too long")
