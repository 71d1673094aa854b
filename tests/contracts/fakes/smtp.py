"""A mail server: aiosmtpd with a login and STARTTLS, which breaks where it is told to."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, syntax

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.smtp import CONNECTOR
from reverse_etl.sandbox.faults import Fault, Faults
from tests.contracts.case import Case, Fields, email, person
from tests.contracts.certificates import write_certificate
from tests.contracts.messages import TEMPLATES

USER, PASSWORD = "shop", "password-of-the-mail-server"
OPTIONS = {
    "template": "letter.html",
    "plain_template": "letter.txt",
    "subject": "News for {{ first_name | default('you') }}",
    "from_email": "news@shop.example",
    "from_name": "The shop",
    "unsubscribe_url": "https://shop.example/stop?c={{ customer_id }}",
}
FIELDS = frozenset({"to", "first_name", "customer_id"})


@dataclass
class Letter:
    """One letter that was taken, as it came."""

    to: str
    sender: str
    content: bytes

    @property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)  # type: ignore[return-value]


@dataclass
class MailServer:
    """`letters` is what it took, `refusals` what it says to an address, `says` what to a whole letter instead of `250`.

    `faults` happen to letters, in turn.
    """

    url: str = ""
    faults: Faults = field(default_factory=Faults)
    letters: list[Letter] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    says: str = ""
    connections: int = 0
    letters_per_connection: int = 1_000

    def members(self) -> set[str]:
        return {letter.to for letter in self.letters}

    def stranger(self) -> str:
        raise NotImplementedError

    def repeated(self) -> int:
        identities = [letter.parsed["Message-ID"] for letter in self.letters]
        return len(identities) - len(set(identities))

    @contextmanager
    def up(self, context: ssl.SSLContext | None = None, scheme: str = "smtp", **settings: Any) -> Iterator[MailServer]:
        """STARTTLS with `context`, or TLS from the start where the scheme is `smtps`; `settings` are aiosmtpd's."""
        # It runs in this process, and its log has what clients say: what is searched is the connector's own.
        logging.getLogger("mail.log").disabled = True
        loop, is_tls = asyncio.new_event_loop(), scheme == "smtps"
        asked = {"tls_context": None if is_tls else context, "require_starttls": bool(context) and not is_tls}
        asked |= {"enable_SMTPUTF8": True, "hostname": "localhost", **settings}
        listening = loop.create_server(
            lambda: _Protocol(self, loop=loop, **asked),
            "127.0.0.1",
            0,
            ssl=context if is_tls else None,
        )
        server = loop.run_until_complete(listening)
        self.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        thread = Thread(target=loop.run_forever)
        thread.start()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            server.close()
            loop.run_until_complete(_ended(loop))
            loop.close()


async def _ended(loop: asyncio.AbstractEventLoop) -> None:
    rest = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


class _Protocol(SMTP):
    """One connection."""

    def __init__(self, state: MailServer, **settings: Any) -> None:
        super().__init__(_Handler(state), **settings)
        self.state = state

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - so does aiosmtpd find it
        if self.session.fault is Fault.LOSE_BEFORE:
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)


class _Handler:
    """See aiosmtpd's handler hooks."""

    def __init__(self, state: MailServer) -> None:
        self._state, self._taken = state, 0
        state.connections += 1

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._taken >= self._state.letters_per_connection:
            server.transport.close()
            return "421 4.7.0 enough for one connection"
        session.fault = self._state.faults.next()
        if session.fault is Fault.FAIL:
            return "451 4.3.0 the disk of news@shop.example is full"
        if session.fault is Fault.BUSY:
            asyncio.get_running_loop().call_later(0.01, server.transport.close)
            return "421 4.3.2 shutting down"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._state.refusals:
            return self._state.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if session.fault is Fault.HANG:
            await asyncio.sleep(self._state.faults.hang_seconds)
        if self._state.says:
            return self._state.says
        self._taken += 1
        self._state.letters.append(Letter(envelope.rcpt_tos[0], envelope.mail_from or "", bytes(envelope.content)))
        if session.fault in {Fault.LOSE_AFTER, Fault.HALF_ANSWER}:
            server.transport.write(b"25" if session.fault is Fault.HALF_ANSWER else b"")
            server.transport.abort()
            raise asyncio.CancelledError
        return "250 OK"


def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, said: Any) -> AuthResult:
    is_known = (said.login, said.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known, handled=is_known)


def message(number: int) -> Fields:
    return {"to": email(number), **person(number)}


def target(**options: str) -> Target:
    return Target("spring-news", "send", {**OPTIONS, **options}, FIELDS, TEMPLATES)


def certified(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*write_certificate(folder))
    return context


@contextmanager
def mail_server(folder: Path) -> Iterator[MailServer]:
    """With a login and STARTTLS; for as long as it is up, its certificate is one that is trusted."""
    with (
        MailServer().up(certified(folder), authenticator=login, auth_required=True) as server,
        patch.dict(os.environ, {"SSL_CERT_FILE": str(folder / "server.crt")}),
    ):
        yield server


_BAD = ("not-an-address", {**message(0), "to": "not-an-address"})
# Of the faults of HTTP's, one means the same here; the others have tests of their own.
CASE = Case(
    "smtp",
    CONNECTOR,
    mail_server,
    target(),
    email,
    message,
    _BAD,
    PASSWORD,
    ["anna", "Anna"],
    {"username": USER, "timeout": "5", "local_hostname": "localhost"},
    faults=frozenset({Fault.FAIL}),
)
