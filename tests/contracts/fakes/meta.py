"""Meta as far as the connector knows it: one custom audience, counts for answers, and look-alikes."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.hashes import wanted
from reverse_etl.destinations.meta import CONNECTOR
from reverse_etl.destinations.meta.client import Meta
from reverse_etl.engine.words import Batch, Reply
from tests.contracts.case import Case, Fields
from tests.contracts.tools import VendorFake

AUDIENCE, AD_ACCOUNT = "23850000000000001", "1010101010"
TOKEN, APP_SECRET = "EAAB-token-of-a-system-user", "secret-of-the-app"
SECRET = json.dumps({"access_token": TOKEN, "app_secret": APP_SECRET})

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PROOF = hmac.new(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
# Meta matches people by hashes: whose they are is remembered here.
_OWNERS: dict[str, str] = {}


@dataclass
class MetaFake(VendorFake):
    """`list` holds hashes. `invalid` are those that it counts as invalid; `error` is what it answers instead."""

    vendor: str = "meta"
    invalid: set[str] = field(default_factory=set)
    error: dict[str, Any] | None = None
    usage: str = ""
    lookalikes: dict[str, dict[str, Any]] = field(default_factory=dict)
    hides_lookalikes: bool = False
    sessions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        routes = [
            Route("/{version}/{audience}/users", self._users, methods=["POST", "DELETE"]),
            Route("/{version}/act_{account}/customaudiences", self._create, methods=["POST"]),
            Route("/{version}/{audience}", self._read),
        ]
        return Starlette(routes=routes)

    def members(self) -> set[str]:
        return {_OWNERS.get(one, one) for one in self.list}

    def _refusal(self, request: Request, proof: object) -> JSONResponse | None:
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return _error(401, 190)
        if proof != _PROOF:
            return _error(400, 100)
        if self.error:
            usage = {"X-Business-Use-Case-Usage": self.usage} if self.usage else {}
            return JSONResponse({"error": {"message": "anna@example.com", **self.error}}, 400, usage)
        return None

    async def _users(self, request: Request) -> JSONResponse:
        body = await request.json()
        if refusal := self._refusal(request, body.get("appsecret_proof")):
            return refusal
        if request.path_params["audience"] != AUDIENCE:
            return _error(400, 100, 33)
        schema, invalid = body["payload"]["schema"], 0
        self.sessions.append(body["session"])
        for entry in body["payload"]["data"]:
            hashes = {one for name, one in zip(schema, entry, strict=True) if name != "EXTERN_ID" and one}
            if not hashes or any(not _SHA256.fullmatch(one) for one in hashes) or hashes & self.invalid:
                invalid += 1
            elif request.method == "POST":
                self.list |= {one: {} for one in hashes}
            else:
                self.list = {one: said for one, said in self.list.items() if one not in hashes}
        counted = {"num_received": len(body["payload"]["data"]), "num_invalid_entries": invalid}
        samples = {"invalid_entry_samples": {"0": "anna@example.com"}}
        session = str(body["session"]["session_id"])
        return JSONResponse({"audience_id": AUDIENCE, "session_id": session, **counted, **samples})

    async def _read(self, request: Request) -> JSONResponse:
        if refusal := self._refusal(request, request.query_params.get("appsecret_proof")):
            return refusal
        audience = request.path_params["audience"]
        if audience == AUDIENCE:
            shown = [] if self.hides_lookalikes else list(self.lookalikes)
            return JSONResponse({"id": AUDIENCE, "account_id": AD_ACCOUNT, "lookalike_audience_ids": shown})
        return JSONResponse({"id": audience, "lookalike_spec": self.lookalikes[audience]})

    async def _create(self, request: Request) -> JSONResponse:
        body = await request.json()
        if refusal := self._refusal(request, body.get("appsecret_proof")):
            return refusal
        if body["lookalike_spec"] in self.lookalikes.values():
            return _error(400, 2654, 1870071)
        name = f"2385000000000010{len(self.lookalikes)}"
        self.lookalikes[name] = body["lookalike_spec"]
        return JSONResponse({"id": name})


def _error(status: int, code: int, subcode: int = 0) -> JSONResponse:
    """As Meta words it: with what was sent in it."""
    error = {"message": "anna@example.com", "type": "OAuthException", "code": code, "error_subcode": subcode}
    return JSONResponse({"error": error}, status)


@contextmanager
def meta(_: Path | None = None) -> Iterator[MetaFake]:
    _OWNERS.clear()
    with MetaFake().up() as fake:
        assert isinstance(fake, MetaFake)
        yield fake


class WitnessedMeta(Meta):
    """The connector, and somebody who notes whose hashes pass."""

    def send(self, batch: Batch) -> Reply:
        for key, row in zip(batch.keys, wanted(batch), strict=True):
            _OWNERS.update(dict.fromkeys(row.values(), key))
        return super().send(batch)


def hashes(number: int) -> Fields:
    return {"email_sha256": f"e{number:063x}", "phone_sha256": f"f{number:063x}" if number % 2 else None}


CASE = Case(
    "meta",
    replace(CONNECTOR, build=WitnessedMeta),
    meta,
    Target(AUDIENCE),
    str,
    hashes,
    ("9", {"email_sha256": "anna@example.com", "phone_sha256": None}),
    SECRET,
    ["anna", "e0000", TOKEN, APP_SECRET, _PROOF],
    refuses_too_many=False,
)
