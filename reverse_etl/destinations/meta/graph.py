"""Calls of the Graph API: how we are let in, and what its errors mean, whatever their HTTP status."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.http import HttpCaller
from reverse_etl.destinations.meta.config import MetaAccount
from reverse_etl.engine.words import Reply, Verdict

_THROTTLED = {4, 17, 32, 613, *range(80_000, 80_015)}
_PASSING = {1, 2, 2650}
_NOT_LET_IN = {3, 10, 102, 190, 294, *range(200, 300)}
_INVALID = 100
_SUBCODES = {
    33: ("no_such_audience", "there is no such audience, or it is not ours to write"),
    1713230: ("audience_blocked", "Meta has blocked the audience: see its Audience Manager"),
}
DUPLICATE_LOOKALIKE = "meta_2654"


class _Credential(BaseModel):
    access_token: str
    app_secret: str = ""


class Graph:
    """One account at one version. Raises ConfigurationError where its secret is none."""

    def __init__(self, account: Account) -> None:
        credential = _credential(account)
        self._version = MetaAccount.model_validate(account.options).version
        proof = hmac.new(credential.app_secret.encode(), credential.access_token.encode(), hashlib.sha256).hexdigest()
        self._proof = {"appsecret_proof": proof} if credential.app_secret else {}
        headers = {"Authorization": f"Bearer {credential.access_token}"}
        self._http = HttpCaller(account.base_url, headers, meaning=meaning)

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Raises RefusedError, as `read`."""
        return self._http.ask(method, f"/{self._version}/{path}", {**body, **self._proof})

    def read(self, path: str, fields: str) -> Any:
        return self._http.ask("GET", f"/{self._version}/{path}", query={"fields": fields, **self._proof})

    def close(self) -> None:
        self._http.close()


def _credential(account: Account) -> _Credential:
    """A token, or a JSON object of it and the app's secret."""
    said = account.secret.reveal()
    if not said.lstrip().startswith("{"):
        return _Credential(access_token=said)
    try:
        return _Credential.model_validate_json(said)
    except ValidationError:
        raise ConfigurationError(
            f"the credential of `{account.name}` is neither a token nor a JSON object of one.",
            remedy='Write the token, or {"access_token": "…", "app_secret": "…"}.',
        ) from None


def meaning(response: httpx.Response) -> Reply | None:
    try:
        error = orjson.loads(response.content)["error"]
        code, subcode = int(error["code"]), int(error.get("error_subcode", 0))
    except (ValueError, KeyError, TypeError):
        return None
    name = f"meta_{code}"
    if code in _THROTTLED:
        return Reply(Verdict.RETRY, name, "Meta is busy with us", retry_after=_regained_after(response))
    if code in _NOT_LET_IN:
        return Reply(Verdict.FATAL, name, "Meta does not accept our credential for this")
    if code in _PASSING or error.get("is_transient") is True:
        return Reply(Verdict.RETRY, name, "Meta fails")
    if code == _INVALID and subcode in _SUBCODES:
        return Reply(Verdict.FATAL, *_SUBCODES[subcode])
    return Reply(Verdict.FATAL, name, "Meta does not take such requests")


def _regained_after(response: httpx.Response) -> float | None:
    """Seconds, from the longest wait that the account's usage tells in minutes."""
    try:
        usage = orjson.loads(response.headers["X-Business-Use-Case-Usage"])
        waits = [60.0 * one["estimated_time_to_regain_access"] for case in usage.values() for one in case]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return max(waits, default=0.0) or None
