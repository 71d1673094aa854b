"""Twilio's messages, as strict as Twilio: it knows its account, its senders, and whom it may write to."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.twilio import CONNECTOR
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import Case, Fields, person, phone
from tests.contracts.messages import TEMPLATES
from tests.contracts.tools import VendorFake

ACCOUNT, TOKEN, SERVICE = "AC" + "0a" * 16, "token-of-twilio", "MG" + "0b" * 16
SENDER, STRANGER = "+15005550006", "+15005550007"
OPTIONS = {"from": SENDER, "template": "reminder.txt"}
FIELDS = frozenset({"to", "first_name", "customer_id"})
LONGEST = 1_600


@dataclass
class TwilioFake(VendorFake):
    """`sent` is every message it took: to whom, and what. `refusals` are the numbers that it has something against."""

    vendor: str = "twilio"
    sent: list[tuple[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/2010-04-01/Accounts/{sid}/Messages.json", self._create, methods=["POST"])])

    async def _create(self, request: Request) -> JSONResponse:
        if request.headers.get("Authorization") != f"Basic {_basic(ACCOUNT, TOKEN)}":
            return _refusal(20003, 401)
        form = dict(parse_qsl((await request.body()).decode()))
        self.forms.append(form)
        if problem := self._problem(form):
            return _refusal(problem, 429 if problem == 20429 else 400)
        message = (form["To"], form["Body"])
        self.doubled += message in self.sent
        self.sent.append(message)
        self.list[form["To"]] = message
        return JSONResponse({"sid": f"SM{len(self.sent):032x}", "status": "queued", "to": form["To"]}, 201)

    def _problem(self, form: dict[str, str]) -> int:
        if form["To"] in self.refusals:
            return self.refusals[form["To"]]
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", form["To"]):
            return 21211
        if form.get("MessagingServiceSid", SERVICE) != SERVICE:
            return 21705
        if form.get("From", SENDER) != SENDER:
            return 21659
        return 21617 if len(form["Body"]) > LONGEST else 0


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _refusal(code: int, status: int) -> JSONResponse:
    told = {"code": code, "message": f"The number +4915100010001 is refused ({code})", "status": status}
    return JSONResponse(told, status)


def message(number: int) -> Fields:
    return {"to": phone(number), **person(number)}


def target(**options: str) -> Target:
    return Target("cart-reminder", "send", {**OPTIONS, **options}, FIELDS, TEMPLATES)


@contextmanager
def twilio(_: Path) -> Iterator[TwilioFake]:
    fake = TwilioFake()
    with fake.up():
        yield fake


# A failure of Twilio's may have sent the message: it is lost, not refused. Its own test says so.
CASE = Case(
    "twilio",
    CONNECTOR,
    twilio,
    target(),
    phone,
    message,
    None,
    TOKEN,
    ["+49151", "Anna"],
    {"account_sid": ACCOUNT},
    faults=frozenset(Fault) - {Fault.NONE, Fault.FAIL},
)
