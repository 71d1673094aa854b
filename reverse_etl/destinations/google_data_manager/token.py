"""Access tokens of a service account: asked for with its key, kept until shortly before they end."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import jwt
import orjson
from pydantic import BaseModel, ValidationError

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.http import HttpCaller, RefusedError
from reverse_etl.engine.words import UNREADABLE, Reply, Verdict

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HOUR, _MARGIN = 3600, 60


class _Key(BaseModel):
    client_email: str
    private_key: str
    private_key_id: str
    token_uri: str


class Tokens:
    """Tokens for `scope`. Raises ConfigurationError where the account's secret is no key of a service account."""

    def __init__(self, account: Account, scope: str, wall: Callable[[], float] = time.time) -> None:
        try:
            self._key = _Key.model_validate_json(account.secret.reveal())
            jwt.get_algorithm_by_name("RS256").prepare_key(self._key.private_key)
        except (ValidationError, jwt.InvalidKeyError, ValueError):
            raise ConfigurationError(
                f"the credential of `{account.name}` is not a service account's key.",
                remedy="It is the whole JSON file, on one line.",
            ) from None
        place = urlsplit(self._key.token_uri)
        self._http = HttpCaller(f"{place.scheme}://{place.netloc}", {}, meaning=_meaning)
        self._path, self._scope, self._wall = place.path, scope, wall
        self._token, self._ends_at = "", 0.0

    def header(self) -> dict[str, str]:
        """What lets a call in. Raises RefusedError, whose reply never says that the call itself was lost."""
        if self._wall() >= self._ends_at - _MARGIN:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def close(self) -> None:
        self._http.close()

    def _renew(self) -> None:
        form = {"grant_type": _GRANT, "assertion": self._assertion()}
        try:
            said = self._http.ask("POST", self._path, form=form)
            self._token, self._ends_at = str(said["access_token"]), self._wall() + float(said["expires_in"])
        except (KeyError, TypeError, ValueError):
            raise RefusedError(_unsent(UNREADABLE)) from None
        except RefusedError as refused:
            raise RefusedError(_unsent(refused.reply)) from None

    def _assertion(self) -> str:
        now = int(self._wall())
        claims = {"iss": self._key.client_email, "scope": self._scope, "aud": self._key.token_uri}
        stamped = {**claims, "iat": now, "exp": now + _HOUR}
        return jwt.encode(stamped, self._key.private_key, "RS256", headers={"kid": self._key.private_key_id})


def _unsent(reply: Reply) -> Reply:
    return Reply(reply.verdict, reply.code, reply.reason, retry_after=reply.retry_after)


def _meaning(response: httpx.Response) -> Reply | None:
    """A refusal is about the key, whatever its status; only its code is read."""
    if response.status_code in {408, 429} or response.status_code >= 500:
        return None
    try:
        code = str(orjson.loads(response.content)["error"])
    except (ValueError, KeyError, TypeError):
        code = ""
    known = code if code in {"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope"} else "no_token"
    return Reply(Verdict.FATAL, known, "Google gives this service account no access")
