"""One HTTP engine for every connector: who we are, how long we wait, and what an answer means to a batch.

Bodies and headers are never logged and never quoted in a reply: they hold people and credentials.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from reverse_etl.engine.words import UNREADABLE, Reply, RowVerdict, Verdict

TIMEOUT = httpx.Timeout(10.0, connect=3.0)

ReadBody = Callable[[Any], Mapping[int, RowVerdict] | Reply]
Meaning = Callable[[httpx.Response], Reply | None]


class RefusedError(Exception):
    """An answer that is not a success, or none at all; `reply` is what it means to the batch."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.code)
        self.reply = reply


class _WithoutQuery(logging.Filter):
    """Keeps what a query asks for out of the HTTP library's log: it may be a person."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_shown(argument) for argument in record.args)
        return True


def _shown(argument: object) -> object:
    return argument.copy_with(query=None) if isinstance(argument, httpx.URL) else argument


logging.getLogger("httpx").addFilter(_WithoutQuery())


def counted(count: Callable[[], int]) -> int | Reply:
    """What `count` gives, or what it means that the tool does not say."""
    try:
        return count()
    except RefusedError as refused:
        return refused.reply
    except (ValueError, KeyError, TypeError, AttributeError):
        return UNREADABLE


def as_usual(_: httpx.Response) -> Reply | None:
    """Every status means what it means everywhere."""
    return None


class HttpCaller:
    """Calls one account. `headers` let us in; `meaning` reads the refusals that this vendor words in its own way. The
    body of a success is JSON, or whatever it is where it is not `answers_json`. `timeout` is for tools that think long.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        auth: tuple[str, str] | None = None,
        meaning: Meaning = as_usual,
        answers_json: bool = True,
        timeout: httpx.Timeout | None = None,
    ) -> None:
        sent = {"Content-Type": "application/json", **headers}
        self._client = httpx.Client(base_url=base_url, headers=sent, auth=auth, timeout=timeout or TIMEOUT)
        self._meaning, self._answers_json = meaning, answers_json

    def post(self, path: str, body: object, read: ReadBody, headers: Mapping[str, str] | None = None) -> Reply:
        """One attempt. `read` finds in the body of a success the rows that were not just taken, or the whole reply."""
        try:
            said = read(self.ask("POST", path, body, headers=headers))
        except RefusedError as refused:
            return refused.reply
        except (ValueError, KeyError, TypeError, AttributeError):
            return UNREADABLE
        return said if isinstance(said, Reply) else Reply(Verdict.OK, rows=said)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        form: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One attempt with a JSON `body` or a `form`; gives the body of a success, None where it is empty.

        Raises RefusedError.
        """
        content = None if body is None else orjson.dumps(body, default=_as_number)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        try:
            response = self._client.request(
                method, path, content=content, data=form, params=query, headers={**kind, **(headers or {})}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise RefusedError(Reply(Verdict.RETRY, "unreachable", "the destination cannot be reached")) from None
        except httpx.TimeoutException:
            raise RefusedError(Reply(Verdict.RETRY, "timeout", "no answer came in time", is_lost=True)) from None
        except httpx.TransportError:
            told = "the connection broke before the answer came"
            raise RefusedError(Reply(Verdict.RETRY, "connection_lost", told, is_lost=True)) from None
        except httpx.DecodingError:
            raise RefusedError(UNREADABLE) from None
        if not response.is_success:
            raise RefusedError(self._meaning(response) or _meaning_of(response))
        try:
            return orjson.loads(response.content) if response.content and self._answers_json else None
        except ValueError:
            raise RefusedError(UNREADABLE) from None

    def close(self) -> None:
        self._client.close()


def _as_number(value: object) -> float:
    """A decimal of the warehouse, which JSON has no word for."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError


def busy(response: httpx.Response) -> Reply:
    """The tool wants to be left alone for a while."""
    code = f"http_{response.status_code}"
    return Reply(Verdict.RETRY, code, "the destination is busy with us", retry_after=_retry_after(response))


def _meaning_of(response: httpx.Response) -> Reply:
    status = response.status_code
    code = f"http_{status}"
    if status in {401, 403}:
        return Reply(Verdict.FATAL, code, "the destination does not accept our credential")
    if status == 429:
        return busy(response)
    if status >= 500 or status == 408:
        return Reply(Verdict.RETRY, code, "the destination fails", retry_after=_retry_after(response))
    if status in {400, 413, 422}:
        return Reply(Verdict.REJECTED, code, "the destination refuses what we send")
    return Reply(Verdict.FATAL, code, f"the destination answers {status}: its address or its list is wrong")


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, from either form of the header; the date form counts from the answer's own date."""
    header = response.headers.get("Retry-After", "")
    if header.replace(".", "", 1).isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
        since = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return max(0.0, (_as_utc(until) - _as_utc(since)).total_seconds())


def _as_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
