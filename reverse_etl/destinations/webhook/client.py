"""Rows as events, posted to whoever listens and signed as Standard Webhooks has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
import orjson

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.http import HttpCaller
from reverse_etl.destinations.rows import fields_of
from reverse_etl.destinations.webhook.config import CAPABILITIES, AccountOptions, SyncOptions
from reverse_etl.engine.ports import Limit
from reverse_etl.engine.words import Batch, Operation, Reply, RowVerdict, Verdict
from reverse_etl.feedback.readers.standard_webhooks import READER
from reverse_etl.standard_webhooks import headers_of, keys_of

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class Webhook:
    """See `reverse_etl.engine.ports.Destination`. `wall` gives epoch seconds."""

    def __init__(self, account: Account, target: Target, wall: Callable[[], float] = time.time) -> None:
        self._options = SyncOptions.model_validate(target.options)
        calls = AccountOptions.model_validate(account.options).calls_per_second
        limits = (Limit(calls, seconds=1),)
        self.capabilities = replace(CAPABILITIES, max_rows=self._options.rows_per_call, limits=limits)
        url = _address(account)
        self._path = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
        self._keys, self._object, self._wall = keys_of(account), target.name, wall
        self._http = HttpCaller(f"{url.scheme}://{url.netloc}", {}, meaning=_meaning, answers_json=False)

    def send(self, batch: Batch) -> Reply:
        if len(batch) > self._options.rows_per_call:
            return Reply(Verdict.REJECTED, "too_many_rows", "more rows than `rows_per_call` allows")
        event = {"type": f"{self._object}.{batch.operation}", "data": self._data(batch)}
        body = orjson.dumps(event, default=str)
        headers = headers_of(self._keys, batch.idempotency_key, int(self._wall()), body)
        return self._http.post(self._path, orjson.Fragment(body), _all_taken, headers)

    def close(self) -> None:
        self._http.close()

    def _data(self, batch: Batch) -> dict[str, Any]:
        if batch.operation is Operation.REMOVE:
            rows: list[dict[str, Any]] = [{"key": key} for key in batch.keys]
        else:
            rows = [{"key": key, "fields": fields} for key, fields in zip(batch.keys, fields_of(batch), strict=True)]
        return rows[0] if self._options.rows_per_call == 1 else {"rows": rows}


def _address(account: Account) -> SplitResult:
    url = urlsplit(account.base_url)
    if url.username or url.password:
        raise ConfigurationError(
            f"the `base_url` of `{account.name}` holds a credential.",
            remedy="Take it out: calls are signed, with the key in the variable that `secret_env` names.",
        )
    if url.scheme != "https" and url.hostname not in _THIS_MACHINE:
        raise ConfigurationError(
            f"the `base_url` of `{account.name}` is not https.",
            remedy="A signature does not hide what it signs; only a receiver on this machine goes without.",
        )
    return url


def _all_taken(_: Any) -> Mapping[int, RowVerdict]:
    return {}


def _meaning(response: httpx.Response) -> Reply | None:
    if response.status_code == httpx.codes.GONE:
        return Reply(Verdict.FATAL, "http_410", "the receiver wants no more of this")
    if response.is_redirect:
        told = "the receiver has moved, and redirects are not followed: put its new address into `base_url`"
        return Reply(Verdict.FATAL, f"http_{response.status_code}", told)
    return None


CONNECTOR = Connector(CAPABILITIES, Webhook, account_options=AccountOptions, sync_options=SyncOptions, reader=READER)
