"""Unisender Go: it fills in what differs, remembers idempotence keys, and sends to an address once per call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.unisender_go import CONNECTOR
from tests.contracts.case import Case, Fields, email, person
from tests.contracts.messages import TEMPLATES
from tests.contracts.tools import VendorFake

KEY, SENDER = "key-of-unisender", "news@shop.example"
OPTIONS = {
    "template": "letter.html",
    "plain_template": "letter.txt",
    "subject": "News for {{ first_name | default('you') }}",
    "from_email": SENDER,
    "from_name": "The shop",
    "unsubscribe_url": "https://shop.example/stop?c={{ customer_id | default('') }}",
}
FIELDS = frozenset({"to", "first_name", "customer_id"})


@dataclass
class UnisenderFake(VendorFake):
    """`sent` is every letter it took, filled in. `refusals` are the addresses that it has something against."""

    vendor: str = "unisender_go"
    url: str = "/ru/transactional/api"
    sent: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    _answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/ru/transactional/api/v1/email/send.json", self._send, methods=["POST"])])

    async def _send(self, request: Request) -> JSONResponse:
        if request.headers["X-API-KEY"] != KEY:
            return JSONResponse({"status": "error", "code": 102, "message": "Can not decode key"}, 401)
        message = (await request.json())["message"]
        if message.get("from_email", SENDER) != SENDER:
            return JSONResponse({"status": "error", "code": 205, "message": "Sender is not verified"}, 400)
        known = self._answers.get(message["idempotence_key"])
        if known is None:
            known = self._answers[message["idempotence_key"]] = self._taken(message)
        return JSONResponse(known)

    def _taken(self, message: Mapping[str, Any]) -> dict[str, Any]:
        emails: list[str] = []
        failed: dict[str, str] = {}
        for one in message["recipients"]:
            address = one["email"]
            if address.casefold() in emails:
                failed[address] = "duplicate"
            elif address in self.refusals:
                failed[address] = self.refusals[address]
            else:
                emails.append(address.casefold())
                self._deliver(message, one)
        answer = {"status": "success", "job_id": f"job-{len(self._answers)}", "emails": emails}
        return {**answer, "failed_emails": failed} if failed else answer

    def _deliver(self, message: Mapping[str, Any], one: Mapping[str, Any]) -> None:
        values = {**one["substitutions"], "UnsubscribeUrl": "https://unisender.example/stop"}
        texts = {"subject": message["subject"], **message["body"], **message.get("options", {})}
        letter = {"to": one["email"], "metadata": one["metadata"]}
        letter |= {name: _filled(text, values) for name, text in texts.items()}
        self.doubled += letter in self.sent
        self.sent.append(letter)
        self.list[one["email"]] = letter


def _filled(text: str, values: Mapping[str, Any]) -> str:
    """Its `simple` engine, at its worst: what a value looks like is looked at again."""
    for _ in range(2):
        text = re.sub(r"\{\{(\w+)(?:\|[^}]*)?\}\}", lambda found: str(values.get(found[1], "")), text)
    return text


def message(number: int) -> Fields:
    return {"to": email(number), **person(number)}


def target(**options: str) -> Target:
    return Target("spring-news", "send", {**OPTIONS, **options}, FIELDS, TEMPLATES)


@contextmanager
def unisender_go(_: Path) -> Iterator[UnisenderFake]:
    fake = UnisenderFake()
    with fake.up():
        yield fake


_BAD = ("not-an-address", {**message(0), "to": "not-an-address"})
CASE = Case("unisender_go", CONNECTOR, unisender_go, target(), email, message, _BAD, KEY, ["anna", "Anna"])
