"""What one call says to many: the text that all share, and for each recipient the pieces that differ.

The pieces are filled in and escaped here, and put into their places there, by its `simple` engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.cut_text import CutText
from reverse_etl.destinations.letters import LetterOptions, LetterTexts, link, one_line
from reverse_etl.destinations.texts import Text
from reverse_etl.destinations.unisender_go.config import SyncOptions


class Content(Protocol):
    @property
    def message(self) -> Mapping[str, Any]:
        """What the call says once."""
        ...

    def substitutions(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """What it says to one recipient. Raises UnfilledError."""
        ...


def content_of(target: Target, said: SyncOptions) -> Content:
    """Raises DeclarationError where a template is not there or is none."""
    return OwnLetter(own_texts(target, said)) if said.template else StoredTemplate(said.template_id, said.subject)


def own_texts(target: Target, said: SyncOptions) -> LetterTexts:
    shared = said.model_dump(include=set(LetterOptions.model_fields))
    return LetterTexts.of(target, LetterOptions.model_validate(shared))


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A template that is kept there; the values go as they are."""

    name: str
    subject: str

    @property
    def message(self) -> Mapping[str, Any]:
        return {"template_id": self.name, **({"subject": self.subject} if self.subject else {})}

    def substitutions(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: _plain(value) for name, value in row.items() if value is not None}


class OwnLetter:
    """A letter of ours, cut into what everybody gets and what differs."""

    def __init__(self, texts: LetterTexts) -> None:
        self._parts = {"subject": _Part("subject", texts.subject, _in_header)}
        if texts.html:
            self._parts["html"] = _Part("html", texts.html, _in_html)
        if texts.plain:
            self._parts["plaintext"] = _Part("plain", texts.plain, _in_plain)
        self._link = texts.unsubscribe_url

    @property
    def message(self) -> Mapping[str, Any]:
        body = {name: part.shared for name, part in self._parts.items() if name != "subject"}
        options = {"options": {"unsubscribe_url": "{{link}}"}} if self._link else {}
        return {"template_engine": "simple", "subject": self._parts["subject"].shared, "body": body, **options}

    def substitutions(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        found = {name: piece for part in self._parts.values() for name, piece in part.pieces(row).items()}
        if self._link:
            found["link"] = link(self._link.fill(row)).replace("{", "%7B")
        return found


class _Part:
    """One text, with a named place for each piece that differs."""

    def __init__(self, name: str, text: Text, made_safe: Callable[[str], str]) -> None:
        self._name, self._cut, self._made_safe = name, CutText(text), made_safe
        self.shared = _with_places(name, self._cut)

    def pieces(self, row: Mapping[str, Any]) -> dict[str, str]:
        filled = self._cut.fill(row)
        return {f"{self._name}{number}": self._made_safe(piece) for number, piece in enumerate(filled)}


def _with_places(name: str, cut: CutText) -> str:
    """Braces are nothing special here: a template may leave `{{UnsubscribeUrl}}` to them with `{% raw %}`."""
    places = [f"{{{{{name}{number}}}}}" for number in range(len(cut.same) - 1)]
    return "".join(text + place for text, place in zip(cut.same, [*places, ""], strict=True))


# A value that looks like a place of theirs must not become one.
def _in_html(piece: str) -> str:
    return piece.replace("{{", "{&#123;")


def _in_plain(piece: str) -> str:
    return piece.replace("{{", "{ {")


def _in_header(piece: str) -> str:
    return _in_plain(one_line(piece))


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else str(value)
