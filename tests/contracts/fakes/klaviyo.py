"""Klaviyo as far as the connector knows it: profiles, one list, and imports that take a while."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.klaviyo import CONNECTOR
from tests.contracts.case import Case, Fields, email, person
from tests.contracts.tools import VendorFake

KEY, LIST = "pk_0123456789abcdef", "Y6nRLr"
TAKEN = "+4915199999999"

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_ROW = "/data/attributes/profiles/data"
_MOST_PROFILES, _MOST_BYTES, _LONGEST_URL = 10_000, 5_000_000, 8_190


@dataclass
class Job:
    """One import. It is `asks` times at work before it has ended; `ends` is how."""

    profiles: list[dict[str, Any]]
    asks: int
    ends: str
    errors: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class KlaviyoFake(VendorFake):
    """`profiles` by address; `list` has the ids of those on it, by address. `names_rows` is how an error names one."""

    vendor: str = "klaviyo"
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    names_rows: str = "payload"
    asks: int = 1
    ends: str = "complete"

    @property
    def app(self) -> Starlette:
        routes = [
            Route("/api/profile-bulk-import-jobs", self._import, methods=["POST"]),
            Route("/api/profile-bulk-import-jobs/{job}", self._job),
            Route("/api/profile-bulk-import-jobs/{job}/import-errors", self._errors),
            Route("/api/lists/{list}/profiles", self._found),
            Route("/api/lists/{list}/relationships/profiles", self._take_off, methods=["DELETE"]),
        ]
        return Starlette(routes=routes)

    def stranger(self) -> str:
        self.list["theirs@example.net"] = self._profile("theirs@example.net")["id"]
        return "theirs@example.net"

    def forget(self, address: str) -> None:
        """Somebody deletes a profile at Klaviyo."""
        del self.profiles[address]
        self.list.pop(address, None)

    def _profile(self, address: str) -> dict[str, Any]:
        return self.profiles.setdefault(address, {"id": f"01{len(self.profiles):08}", "properties": {}})

    async def _import(self, request: Request) -> Response:
        if not _is_let_in(request):
            return _refusal(401, "not_authenticated", "/data")
        body = await request.body()
        if len(body) > _MOST_BYTES:
            return _refusal(413, "request_too_large", "/data")
        data = json.loads(body)["data"]
        profiles = data["attributes"]["profiles"]["data"]
        if any(one["id"] != LIST for one in data["relationships"]["lists"]["data"]):
            return _refusal(400, "invalid", "/data")
        if len(profiles) > _MOST_PROFILES:
            return _refusal(400, "invalid", _ROW)
        if wrong := [pointer for number, one in enumerate(profiles) for pointer in _complaints(number, one)]:
            return _refusal(400, "invalid", *wrong)
        job = f"01JOB{len(self.jobs):05}"
        self.jobs[job] = Job(profiles, self.asks, self.ends)
        return JSONResponse({"data": {"type": "profile-bulk-import-job", "id": job}}, 202)

    async def _job(self, request: Request) -> Response:
        name = request.path_params["job"]
        job = self.jobs.get(name)
        if job is None:
            return _refusal(404, "not_found", "/data")
        if job.asks:
            job.asks -= 1
            status = "processing"
        else:
            self._work(job)
            status = job.ends
        attributes = {"status": status, "failed_count": len(job.errors)}
        return JSONResponse({"data": {"type": "profile-bulk-import-job", "id": name, "attributes": attributes}})

    def _work(self, job: Job) -> None:
        profiles, job.profiles = job.profiles, []
        for position, profile in enumerate(profiles):
            attributes = dict(profile["attributes"])
            if attributes.get("phone_number") == TAKEN:
                job.errors.append(self._error(position, attributes))
            elif job.ends == "complete":
                self._write(attributes, profile.get("meta", {}))

    def _write(self, attributes: dict[str, Any], meta: dict[str, Any]) -> None:
        profile = self._profile(attributes["email"])
        profile["properties"] |= attributes.pop("properties")
        for name in meta.get("patch_properties", {}).get("unset", []):
            profile["properties"].pop(name, None)
        profile |= {name: value for name, value in attributes.items() if value is not None}
        self.list[attributes["email"]] = profile["id"]

    def _error(self, position: int, attributes: dict[str, Any]) -> dict[str, Any]:
        pointer = f"{_ROW}/{position}/attributes/phone_number" if self.names_rows == "pointer" else "/data"
        payload = attributes if self.names_rows == "payload" else None
        return {"source": {"pointer": pointer}, "original_payload": payload}

    async def _errors(self, request: Request) -> Response:
        errors = self.jobs[request.path_params["job"]].errors
        size, begin = int(request.query_params["page[size]"]), int(request.query_params.get("page[cursor]", 0))
        after = begin + size
        following = f"{self.url}{request.url.path}?page%5Bcursor%5D={after}" if after < len(errors) else None
        data = [{"type": "import-error", "id": "e", "attributes": error} for error in errors[begin:after]]
        return JSONResponse({"data": data, "links": {"self": self.url, "next": following}})

    async def _found(self, request: Request) -> Response:
        if not _is_let_in(request):
            return _refusal(401, "not_authenticated", "/data")
        if len(str(request.url)) > _LONGEST_URL:
            return Response(status_code=414)
        if request.path_params["list"] != LIST:
            return _refusal(404, "not_found", "/data")
        asked = json.loads(request.query_params["filter"].removeprefix("any(email,").removesuffix(")"))
        found = [{"type": "profile", "id": self.list[one]} for one in asked if one in self.list]
        return JSONResponse({"data": found, "links": {"self": self.url, "next": None}})

    async def _take_off(self, request: Request) -> Response:
        ids = {one["id"] for one in (await request.json())["data"]}
        if ids - {profile["id"] for profile in self.profiles.values()}:
            return _refusal(404, "not_found", "/data/0/id")
        self.list = {address: one for address, one in self.list.items() if one not in ids}
        return Response(status_code=204)


def _is_let_in(request: Request) -> bool:
    return request.headers["Authorization"] == f"Klaviyo-API-Key {KEY}"


def _complaints(number: int, profile: dict[str, Any]) -> Iterator[str]:
    attributes = profile["attributes"]
    if not _ADDRESS.fullmatch(attributes["email"]):
        yield f"{_ROW}/{number}/attributes/email"
    if attributes.get("phone_number") and not _NUMBER.fullmatch(attributes["phone_number"]):
        yield f"{_ROW}/{number}/attributes/phone_number"


def _refusal(status: int, code: str, *pointers: str) -> Response:
    """As Klaviyo words it: with what was sent in it."""
    errors = [
        {"id": "e", "code": code, "title": "Invalid input.", "detail": "Anna says hello", "source": {"pointer": one}}
        for one in pointers
    ]
    return JSONResponse({"errors": errors}, status)


@contextmanager
def klaviyo(_: Path) -> Iterator[VendorFake]:
    with KlaviyoFake().up() as fake:
        yield fake


def profile(number: int) -> Fields:
    return {**person(number), "phone_number": f"+4915100{number + 10001}"}


CASE = Case(
    "klaviyo",
    CONNECTOR,
    klaviyo,
    Target(LIST),
    email,
    profile,
    ("anna99@example.com", {**profile(99), "phone_number": TAKEN}),
    KEY,
    ["anna", "Anna", "+49151"],
)
