"""E-mails that are sent to one person each: whose they are, and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StringConstraints

from reverse_etl.destinations.connector import Options, Target
from reverse_etl.destinations.texts import Text, Texts, UnfilledError, check_mapped, is_html

# One address, with nothing in it that a header or a command could be made of.
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f-\x9f]{1,64}@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f-\x9f]{1,253}")
_LINK = re.compile(r"https://[!-;=?-~]{1,900}")  # printable ASCII without < and >, in a line that a header may have
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

Address = Annotated[str, StringConstraints(pattern=f"^{_ADDRESS.pattern}$")]
OneLine = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]*$", max_length=500)]


class LetterOptions(Options):
    """`template` may be HTML or plain; with an HTML one, `plain_template` is what people see who do without."""

    template: str
    plain_template: str = ""
    subject: OneLine
    from_email: Address
    from_name: OneLine = ""
    reply_to: Address | None = None
    unsubscribe_url: OneLine = ""


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """The texts of a letter; `subject` and `unsubscribe_url` come from options, the others are files."""

    subject: Text
    html: Text | None
    plain: Text | None
    unsubscribe_url: Text | None

    @classmethod
    def of(cls, target: Target, said: LetterOptions) -> LetterTexts:
        """Raises DeclarationError where a text is not there or is no template."""
        texts = Texts(target.templates)
        body = texts.file(said.template)
        alternative = texts.file(said.plain_template) if said.plain_template else None
        html, plain = (body, alternative) if is_html(said.template) else (None, body)
        link = texts.line(said.unsubscribe_url) if said.unsubscribe_url else None
        return cls(texts.line(said.subject), html, plain, link)

    def check(self, target: Target) -> None:
        """Raises DeclarationError where the sync does not map what they ask for."""
        texts = [self.subject, self.html, self.plain, self.unsubscribe_url]
        check_mapped(target, [text for text in texts if text], "to")


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail, ready to be sent."""

    to: str
    subject: str
    html: str
    plain: str
    unsubscribe_url: str


def letter(texts: LetterTexts, row: Mapping[str, Any]) -> Letter:
    """Raises UnfilledError where this row makes no letter."""
    return Letter(
        to=recipient(row),
        subject=one_line(texts.subject.fill(row)),
        html=texts.html.fill(row) if texts.html else "",
        plain=texts.plain.fill(row) if texts.plain else "",
        unsubscribe_url=link(texts.unsubscribe_url.fill(row)) if texts.unsubscribe_url else "",
    )


def recipient(row: Mapping[str, Any]) -> str:
    """The address in `to`. Raises UnfilledError where there is none."""
    address = str(row.get("to") or "")
    if not _ADDRESS.fullmatch(address):
        raise UnfilledError("invalid_email", "the e-mail address is not one")
    return address


def one_line(text: str) -> str:
    """Without line breaks and other controls: what is in a header stays in that header."""
    return _BREAKS.sub(" ", text)


def link(text: str) -> str:
    """Raises UnfilledError where it is no https:// address that can be in a header."""
    if not _LINK.fullmatch(text):
        raise UnfilledError("bad_unsubscribe_url", "the unsubscribe link is not an https:// address")
    return text
