"""Google's Data Manager as far as the connector knows it: one list, requests that take a while, tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reverse_etl.destinations.connector import Account, Target
from reverse_etl.destinations.google_data_manager import CONNECTOR
from reverse_etl.destinations.google_data_manager.client import GoogleDataManager
from reverse_etl.destinations.google_data_manager.config import SCOPE
from reverse_etl.destinations.hashes import wanted
from reverse_etl.engine.words import Batch, Reply
from reverse_etl.sandbox.faults import Faults
from tests.contracts.case import Case, Fields
from tests.contracts.tools import VendorFake
from tests.doubles.served import served

LIST, ACCOUNT = "8123456789", "1234567890"
SERVICE_ACCOUNT = "cdp@example.iam.gserviceaccount.com"
_MOST_MEMBERS = 10_000
# A test may be ahead of the clock.
_AT_ANY_TIME = {"verify_iat": False}
_TOKEN_URLS = [""]
# Google is told no keys of ours: whose identifiers it holds is remembered here.
_OWNERS: dict[str, str] = {}


@cache
def private_key(name: str) -> str:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def service_account(token_uri: str, key: str = "ours") -> str:
    """The JSON file of a service account, on one line."""
    said = {"type": "service_account", "client_email": SERVICE_ACCOUNT, "private_key": private_key(key)}
    return json.dumps({**said, "private_key_id": "k1", "token_uri": token_uri})


@dataclass
class TokenFake:
    """The token endpoint: knows one key, gives a new token each time; only the newest lets in."""

    token: str = ""
    given: int = 0
    lifetime: int = 3600
    refuses: int = 0
    url: str = ""

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/token", self._give, methods=["POST"])])

    async def _give(self, request: Request) -> JSONResponse:
        if self.refuses:
            return JSONResponse({"error": "backend"}, self.refuses)
        form = dict(parse_qsl((await request.body()).decode()))
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        public = jwt.get_algorithm_by_name("RS256").prepare_key(private_key("ours")).public_key()
        try:
            claims = jwt.decode(form["assertion"], public, ["RS256"], audience=self.url, options=_AT_ANY_TIME)
        except jwt.InvalidTokenError:
            return JSONResponse({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        assert (claims["iss"], claims["scope"]) == (SERVICE_ACCOUNT, SCOPE)
        self.given += 1
        self.token = f"ya29.token-{self.given}"
        return JSONResponse({"access_token": self.token, "expires_in": self.lifetime, "token_type": "Bearer"})


@dataclass
class Job:
    """One request; `asks` times it is still at work. `refused` are reasons by position, told by index or not."""

    what: str
    members: list[list[str]]
    asks: int
    status: str
    reason: str
    refuses: set[str]
    names_rows: bool


@dataclass
class GoogleFake(VendorFake):
    """`list` holds identifiers. `reason` is why those of `refuses` are refused once the request is worked on."""

    vendor: str = "google_datamanager"
    tokens: TokenFake = field(default_factory=TokenFake)
    jobs: dict[str, Job] = field(default_factory=dict)
    asks: int = 1
    reason: str = "PROCESSING_ERROR_REASON_INVALID_FORMAT"
    refuses: set[str] = field(default_factory=set)
    refuses_at_once: set[str] = field(default_factory=set)
    names_rows: bool = True
    fails: bool = False
    violation: tuple[str, str] | None = None

    @property
    def app(self) -> Starlette:
        routes = [
            Route("/v1/audienceMembers:{what}", self._take, methods=["POST"]),
            Route("/v1/requestStatus:retrieve", self._status),
        ]
        return Starlette(routes=routes)

    def members(self) -> set[str]:
        return {_OWNERS.get(identifier, identifier) for identifier in self.list}

    async def _take(self, request: Request) -> JSONResponse:
        if request.headers["Authorization"] != f"Bearer {self.tokens.token}":
            return _refusal(401, "UNAUTHENTICATED")
        body = await request.json()
        if self.violation:
            return _refusal(400, "INVALID_ARGUMENT", self.violation)
        if len(body["audienceMembers"]) > _MOST_MEMBERS:
            return _refusal(400, "INVALID_ARGUMENT", ("audience_members", "TOO_MANY_AUDIENCE_MEMBERS"))
        if body["destinations"][0]["productDestinationId"] != LIST:
            return _refusal(400, "INVALID_ARGUMENT", ("destinations[0]", "INVALID_USER_LIST_ID"))
        members = [_identifiers(member) for member in body["audienceMembers"]]
        at_once = [number for number, member in enumerate(members) if self.refuses_at_once & set(member)]
        if at_once:
            field = "audience_members.audience_members[{}].user_data.user_identifiers"
            wrong = [(field.format(number), "INVALID_SHA256_FORMAT") for number in at_once]
            return _refusal(400, "INVALID_ARGUMENT", *wrong)
        name = f"request-{len(self.jobs)}"
        status = "FAILED" if self.fails else "SUCCESS"
        what = request.path_params["what"]
        self.jobs[name] = Job(what, members, self.asks, status, self.reason, set(self.refuses), self.names_rows)
        return JSONResponse({"requestId": name})

    async def _status(self, request: Request) -> JSONResponse:
        job = self.jobs.get(request.query_params["requestId"])
        if job is None:
            return _refusal(404, "NOT_FOUND")
        job.asks -= 1
        said = {"requestStatus": "PROCESSING"} if job.asks >= 0 else self._ended(job)
        return JSONResponse({"requestStatusPerDestination": [said]})

    def _ended(self, job: Job) -> dict[str, Any]:
        everyone = range(len(job.members)) if job.status == "FAILED" else []
        refused = list(everyone) or [at for at, member in enumerate(job.members) if job.refuses & set(member)]
        for number, member in enumerate(job.members):
            if number not in refused:
                self._apply(job.what, member)
        counted = {"userDataIngestionStatus": {"uploadMatchRateRange": "MATCH_RATE_RANGE_61_TO_70"}}
        error = {"reason": job.reason, "recordCount": str(len(refused))}
        named = {"recordIndices": refused} if job.names_rows else {}
        status = job.status if job.status == "FAILED" or not refused else "PARTIAL_SUCCESS"
        return {
            "requestStatus": status,
            **({"audienceMembersIngestionStatus": counted} if job.what == "ingest" else {}),
            **({"errorInfo": {"errorCounts": [{**error, **named}]}} if refused else {}),
        }

    def _apply(self, what: str, member: list[str]) -> None:
        for identifier in member:
            if what == "ingest":
                self.list[identifier] = {}
            else:
                self.list.pop(identifier, None)


def _identifiers(member: Mapping[str, Any]) -> list[str]:
    return [value for one in member["userData"]["userIdentifiers"] for value in one.values()]


def _refusal(status: int, code: str, *violations: tuple[str, str]) -> JSONResponse:
    """As Google words it; the description quotes what was sent."""
    named = [{"field": field, "reason": reason, "description": "anna@example.com"} for field, reason in violations]
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code}, {"fieldViolations": named}]
    error = {"code": status, "message": "There was a problem with anna@example.com.", "status": code}
    return JSONResponse({"error": {**error, "details": details}}, status)


@contextmanager
def google(_: Path | None = None) -> Iterator[GoogleFake]:
    _OWNERS.clear()
    tokens = TokenFake()
    with served(tokens.app, Faults()) as url:
        tokens.url = _TOKEN_URLS[0] = f"{url}/token"
        with GoogleFake(tokens=tokens).up() as fake:
            assert isinstance(fake, GoogleFake)
            yield fake


class WitnessedGoogle(GoogleDataManager):
    """The connector, and somebody who notes whose identifiers pass."""

    def send(self, batch: Batch) -> Reply:
        for key, row in zip(batch.keys, wanted(batch), strict=True):
            _OWNERS.update(dict.fromkeys(row.values(), key))
        return super().send(batch)


class GoogleCase(Case):
    """Its credential names the token endpoint, which has another port each time; `secret` is the name of a key."""

    def account(self, base_url: str, secret: str | None = None) -> Account:
        return super().account(base_url, service_account(_TOKEN_URLS[0], secret or "ours"))


def hashes(number: int) -> Fields:
    return {"email_sha256": f"e{number:063x}", "phone_sha256": f"f{number:063x}" if number % 2 else None}


CASE = GoogleCase(
    "google_data_manager",
    replace(CONNECTOR, build=WitnessedGoogle),
    google,
    Target(LIST),
    str,
    hashes,
    ("9", {"email_sha256": "anna@example.com", "phone_sha256": None}),
    "PRIVATE KEY",
    ["anna", "e0000", "ya29"],
    {"operating_account": ACCOUNT, "customer_match_terms": "accepted"},
    wrong_secret="another",
)
