"""A letter as bytes (RFC 5322, 2045–2047, 2369, 8058), and the envelope that it travels in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formataddr, formatdate
from hashlib import sha256

from reverse_etl.destinations.letters import Letter
from reverse_etl.destinations.smtp.config import SyncOptions

_DOT_AT_START = re.compile(rb"(?m)^\.")


class _Policy(EmailPolicy):
    """As usual, but a long link is not folded: Python would turn it into encoded words."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_ASCII, _UTF8 = _Policy(linesep="\r\n"), _Policy(linesep="\r\n", utf8=True)


@dataclass(frozen=True, slots=True)
class Envelope:
    """`content` ends with a line end, and a dot at the start of a line is doubled; the final dot is not there."""

    sender: str
    to: str
    content: bytes
    message_id: str
    needs_utf8: bool


def envelope(letter: Letter, said: SyncOptions, identity: str) -> Envelope:
    """`identity` is what the message is, however often it is tried: it makes the Message-ID."""
    sender = said.return_path or said.from_email
    needs_utf8 = not (letter.to + sender + said.from_email + (said.reply_to or "")).isascii()
    domain = said.from_email.rpartition("@")[2]
    message = EmailMessage(policy=_UTF8 if needs_utf8 else _ASCII)
    message["From"] = formataddr((said.from_name, said.from_email)) if not needs_utf8 else _unicode_from(said)
    message["To"] = letter.to
    message["Subject"] = letter.subject
    # The moment of sending, by the machine that sends: mail servers compare it with theirs.
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = message_id = f"<{sha256(identity.encode()).hexdigest()[:32]}@{domain}>"
    if said.reply_to:
        message["Reply-To"] = said.reply_to
    if letter.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    _put_text(message, letter)
    content = message.as_bytes()
    return Envelope(sender, letter.to, _DOT_AT_START.sub(b"..", content), message_id, needs_utf8)


def _unicode_from(said: SyncOptions) -> str:
    if not said.from_name:
        return said.from_email
    quoted = re.sub(r'(["\\])', r"\\\1", said.from_name)
    return f'"{quoted}" <{said.from_email}>'


def _put_text(message: EmailMessage, letter: Letter) -> None:
    """Quoted-printable, so that no server on the way needs to take 8 bits or long lines."""
    if letter.plain:
        message.set_content(letter.plain, cte="quoted-printable")
    if letter.html and letter.plain:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    elif letter.html:
        message.set_content(letter.html, subtype="html", cte="quoted-printable")
