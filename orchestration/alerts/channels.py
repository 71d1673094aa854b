"""How a message reaches a person: a mail server, and a webhook."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

import httpx

from cdp.errors import ConfigurationError
from cdp.project import AlertEmailSettings, Project
from orchestration.alerts.messages import Message

_SECONDS = 15.0
_PORTS = {"smtp": 587, "smtps": 465}


class Channel(Protocol):
    """Where messages go, by a name for people."""

    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> None:
        """Raise OSError where it did not go, ConfigurationError where it cannot."""


def channels(project: Project) -> Iterator[Channel]:
    """The channels that cdp.yml declares.

    Raises ConfigurationError where the environment lacks an address.
    """
    declared = project.settings.alerts
    if declared.email:
        yield Email(declared.email, _address(project, declared.email.server_env, "email", "server_env"))
    if declared.webhook:
        yield Webhook(_address(project, declared.webhook.url_env, "webhook", "url_env"))


def _address(project: Project, variable: str, *path: str) -> str:
    if not (value := os.environ.get(variable)):
        raise project.missing_variable(variable, "alerts", *path)
    return value


@dataclass(frozen=True, slots=True)
class Email:
    """Plain text through `server`, a URL: `smtp://` (encrypted where there is a login), or `smtps://`."""

    settings: AlertEmailSettings
    server: str
    name: str = "e-mail"

    def send(self, message: Message) -> None:
        letter = EmailMessage()
        letter["From"], letter["To"] = self.settings.sender, ", ".join(self.settings.to)
        letter["Subject"] = message.title
        letter.set_content(message.body)
        with self._session() as session:
            session.send_message(letter)

    def _session(self) -> smtplib.SMTP:
        address = urlsplit(self.server)
        if address.scheme not in _PORTS or not address.hostname:
            raise ConfigurationError("the mail server of `alerts` is not a URL such as smtps://user:password@host.")
        host, port = address.hostname, address.port or _PORTS[address.scheme]
        if address.scheme == "smtps":
            session: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
        else:
            session = smtplib.SMTP(host, port, timeout=_SECONDS)
        if address.username:
            if address.scheme == "smtp":
                session.starttls(context=ssl.create_default_context())
            session.login(unquote(address.username), unquote(address.password or ""))
        return session


@dataclass(frozen=True, slots=True)
class Webhook:
    """One JSON object by POST: `kind`, `title`, `body`, `link`, and `text` for chat tools."""

    url: str
    name: str = "webhook"

    def send(self, message: Message) -> None:
        try:
            httpx.post(self.url, json=message.as_json(), timeout=_SECONDS).raise_for_status()
        except httpx.HTTPStatusError as error:
            raise OSError(f"it answered {error.response.status_code}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(type(error).__name__) from None
