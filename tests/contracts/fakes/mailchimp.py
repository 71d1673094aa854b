"""Mailchimp as far as the connector knows it: one audience, its contacts, and tags that some of them carry."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.mailchimp import CONNECTOR
from tests.contracts.case import Case, Fields, email
from tests.contracts.tools import VendorFake

KEY, LIST, TAG = "0123456789abcdef0123456789abcdef-us21", "57afe96172", "Regulars"
_LET_IN = f"Basic {b64encode(f'cdp:{KEY}'.encode()).decode()}"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MOST = 500


@dataclass
class MailchimpFake(VendorFake):
    """`contacts` by address; `list` has those that carry the case's tag. `tags` are ids by name."""

    vendor: str = "mailchimp"
    url: str = "/3.0"
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=lambda: {f"{TAG} of old": 1_001})
    merge_fields: list[str] = field(default_factory=lambda: ["FNAME", "POINTS", "VALUE"])
    gone_for_good: set[str] = field(default_factory=set)
    throttles: int = 0
    has_403: bool = False
    names_nobody: bool = False

    @property
    def app(self) -> Starlette:
        root = "/3.0/lists/{list}"
        app = Starlette(
            routes=[
                Route(root, self._write, methods=["POST"]),
                Route(f"{root}/merge-fields", self._merge_fields),
                Route(f"{root}/tag-search", self._search),
                Route(f"{root}/segments", self._make, methods=["POST"]),
                Route(f"{root}/segments/{{segment:int}}", self._tag, methods=["POST"]),
            ]
        )
        app.add_middleware(BaseHTTPMiddleware, dispatch=self._door)
        return app

    def stranger(self) -> str:
        self.tags.setdefault(TAG, 1_002)
        self.contacts["theirs@example.net"] = {"status": "subscribed", "merge_fields": {}}
        self.list["theirs@example.net"] = None
        return "theirs@example.net"

    async def _door(self, request: Request, following: RequestResponseEndpoint) -> Response:
        if self.throttles:
            self.throttles -= 1
            return Response("<html>Forbidden</html>", 403, media_type="text/html")
        if self.has_403:
            return _problem(403, "Forbidden")
        if request.headers["Authorization"] != _LET_IN:
            return _problem(401, "API Key Invalid")
        if f"/lists/{LIST}" not in request.url.path:
            return _problem(404, "Resource Not Found")
        return await following(request)

    async def _write(self, request: Request) -> Response:
        members = (await request.json())["members"]
        if len(members) > _MOST:
            return _problem(400, "Invalid Resource")
        if wrong := [number for number, one in enumerate(members) if len(one["merge_fields"].get("FNAME", "")) > 255]:
            named = [{"field": f"members.item:{number}.merge_fields.FNAME", "message": "Anna"} for number in wrong]
            return _problem(400, "Invalid Resource", errors=named)
        answer: dict[str, list[Any]] = {"new_members": [], "updated_members": [], "errors": []}
        for member in members:
            kind, said = self._written(member)
            answer[kind].append(said)
        return JSONResponse(answer)

    def _written(self, member: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        address = member["email_address"]
        if told := self._complaint(address):
            named = "" if self.names_nobody else address
            error = {"email_address": named, "error": told, "error_code": "ERROR_GENERIC", "field": ""}
            return "errors", error
        is_new = address not in self.contacts
        contact = self.contacts.setdefault(address, {"status": member["status_if_new"], "merge_fields": {}})
        contact["merge_fields"] |= member["merge_fields"]
        said = {"email_address": address, "status": contact["status"]}
        return "new_members" if is_new else "updated_members", said

    def _complaint(self, address: str) -> str:
        if not _ADDRESS.fullmatch(address):
            return f"{address} looks fake or invalid, please enter a real email address."
        if address in self.gone_for_good:
            return f"{address} was permanently deleted and cannot be re-imported."
        return ""

    async def _merge_fields(self, _: Request) -> Response:
        return JSONResponse({"merge_fields": [{"tag": tag} for tag in self.merge_fields]})

    async def _search(self, request: Request) -> Response:
        begins = request.query_params["name"]
        found = [{"id": number, "name": name} for name, number in self.tags.items() if name.startswith(begins)]
        return JSONResponse({"tags": found, "total_items": len(found)})

    async def _make(self, request: Request) -> Response:
        name = (await request.json())["name"]
        if name in self.tags:
            return _problem(400, "Bad Request")
        self.tags[name] = 2_000 + len(self.tags)
        return JSONResponse({"id": self.tags[name], "name": name})

    async def _tag(self, request: Request) -> Response:
        body = await request.json()
        adding, removing = body.get("members_to_add", []), body.get("members_to_remove", [])
        if self.tags.get(TAG) != request.path_params["segment"]:
            return _problem(404, "Resource Not Found")
        if len(adding) > _MOST or len(removing) > _MOST:
            return _problem(400, "Invalid Resource")
        twice = [one for one in adding if one in self.list]
        absent = [one for one in removing if one not in self.list]
        self.list |= dict.fromkeys(one for one in adding if one in self.contacts)
        for one in removing:
            self.list.pop(one, None)
        errors = [
            {"email_addresses": addresses, "error": told}
            for addresses, told in (
                (twice, "Email already exists in the segment"),
                (absent, "Email not in the segment"),
            )
            if addresses
        ]
        return JSONResponse({"members_added": [], "members_removed": [], "errors": errors})


def _problem(status: int, title: str, **more: Any) -> Response:
    """As Mailchimp words it: with what was sent in it."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": "Anna says hello", "instance": "1"}
    return JSONResponse({**document, **more}, status, media_type="application/problem+json")


@contextmanager
def mailchimp(_: Path) -> Iterator[VendorFake]:
    with MailchimpFake().up() as fake:
        yield fake


def contact(number: int) -> Fields:
    return {"FNAME": f"Anna{number}", "POINTS": number}


CASE = Case(
    "mailchimp",
    CONNECTOR,
    mailchimp,
    Target(LIST, options={"tag": TAG}),
    email,
    contact,
    ("not-an-address", contact(0)),
    KEY,
    ["anna", "Anna", "not-an-address"],
)
