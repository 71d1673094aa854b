"""One HTTP engine for every connector: who we are, how long we wait, and what an answer means to a batch.

Bodies and headers are never logged and never quoted in a reply: they hold people and credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from reverse_etl.engine.words import UNREADABLE, Reply, RowVerdict, Verdict

TIMEOUT = httpx.Timeout(10.0, connect=3.0)

ReadBody = Callable[[Any], Mapping[int, RowVerdict]]


class HttpCaller:
    """Posts JSON for one account. `authorization` is the header that lets us in."""

    def __init__(self, base_url: str, authorization: Mapping[str, str]) -> None:
        headers = {"Content-Type": "application/json", **authorization}
        self._client = httpx.Client(base_url=base_url, headers=headers, timeout=TIMEOUT)

    def post(self, path: str, body: object, read: ReadBody, headers: Mapping[str, str] | None = None) -> Reply:
        """One attempt. `read` tells, from the body of a success, the rows that were not simply accepted."""
        try:
            response = self._client.post(path, content=orjson.dumps(body), headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Reply(Verdict.RETRY, "unreachable", "the destination cannot be reached")
        except httpx.TimeoutException:
            return Reply(Verdict.RETRY, "timeout", "no answer came in time", is_lost=True)
        except httpx.TransportError:
            return Reply(Verdict.RETRY, "connection_lost", "the connection broke before the answer came", is_lost=True)
        except httpx.DecodingError:
            return UNREADABLE
        return _reply(response, read)

    def close(self) -> None:
        self._client.close()


def _reply(response: httpx.Response, read: ReadBody) -> Reply:
    status = response.status_code
    code = f"http_{status}"
    if response.is_success:
        return _success(response, read)
    if status in {401, 403}:
        return Reply(Verdict.FATAL, code, "the destination does not accept our credential")
    if status == 429:
        return Reply(Verdict.RETRY, code, "the destination is busy with us", retry_after=_retry_after(response))
    if status >= 500 or status == 408:
        return Reply(Verdict.RETRY, code, "the destination fails", retry_after=_retry_after(response))
    if status in {400, 413, 422}:
        return Reply(Verdict.REJECTED, code, "the destination refuses what we send")
    return Reply(Verdict.FATAL, code, f"the destination answers {status}: its address or its list is wrong")


def _success(response: httpx.Response, read: ReadBody) -> Reply:
    try:
        return Reply(Verdict.OK, rows=read(orjson.loads(response.content)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return UNREADABLE


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
