"""Texts of messages: files under `activation/templates` in Jinja's language, filled in with one row at a time.

Whoever writes a template is trusted with words, not with the machine: it runs in Jinja's sandbox. The values of a row
are trusted with nothing: they are put in once, as they are, and never read as a template; in HTML they are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    nodes,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cdp.errors import DeclarationError, Location
from reverse_etl.destinations.connector import Target
from reverse_etl.engine.words import RowVerdict, Verdict


class UnfilledError(Exception):
    """A message that one row cannot fill; `verdict` is what that means to the row."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.verdict = RowVerdict(Verdict.REJECTED, code, reason)


class Text:
    """A text with places for the values of a row; `names` are the values that it asks for."""

    def __init__(self, environment: Environment, body: nodes.Template) -> None:
        self.names = frozenset(meta.find_undeclared_variables(body))
        self.environment, self.body = environment, body
        self._template: Template = environment.from_string(body)

    def fill(self, row: Mapping[str, Any]) -> str:
        """Raises UnfilledError where the row lacks a value, or the template cannot work with it."""
        return filled(self._template, row)


class Texts:
    """The templates of one project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plain, self._html = self._environment(is_html=False), self._environment(is_html=True)

    def file(self, name: str) -> Text:
        """The template `name`; values are escaped where it ends in `.html`.

        Raises DeclarationError where it is not there or is not a template.
        """
        environment = self._html if is_html(name) else self._plain
        body = self._body(environment, name)
        self._look_up(environment, body, {name})
        return Text(environment, body)

    def line(self, said: str) -> Text:
        """What an option says, as a plain template. Raises DeclarationError where it is none."""
        return Text(self._plain, _parsed(self._plain, said, None))

    def _body(self, environment: Environment, name: str) -> nodes.Template:
        try:
            source = FileSystemLoader(self._folder).get_source(environment, name)[0]
        except TemplateNotFound:
            remedy = f"It belongs into {self._folder.parent.name}/{self._folder.name}/."
            raise DeclarationError(f"there is no template `{name}`.", remedy=remedy) from None
        except UnicodeDecodeError:
            raise DeclarationError("the template is not UTF-8 text.", where=Location(self._folder / name)) from None
        return _parsed(environment, source, self._folder / name)

    def _look_up(self, environment: Environment, body: nodes.Template, seen: set[str]) -> None:
        """What a template includes has to be there as well: else every row would be refused."""
        for name in meta.find_referenced_templates(body):
            if name and name not in seen:
                seen.add(name)
                self._look_up(environment, self._body(environment, name), seen)

    def _environment(self, *, is_html: bool) -> Environment:
        return ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(self._folder), undefined=StrictUndefined, autoescape=is_html
        )


def is_html(name: str) -> bool:
    return name.endswith((".html", ".htm"))


def check_mapped(target: Target, texts: Iterable[Text], *needed: str) -> None:
    """Raises DeclarationError where the sync maps no column to `needed`, or to what a text asks for."""
    asked = frozenset(needed).union(*(text.names for text in texts))
    if missing := sorted(asked - target.fields):
        raise DeclarationError(
            f"the message needs `{missing[0]}`, and the sync maps no column to it.", remedy="Add it under `fields:`."
        )


def _parsed(environment: Environment, source: str, file: Path | None) -> nodes.Template:
    try:
        return environment.parse(source)
    except TemplateSyntaxError as error:
        where = Location(file, error.lineno) if file else None
        raise DeclarationError(f"this is not a template: {error.message}.", where=where) from None


def filled(template: Template, row: Mapping[str, Any]) -> str:
    """A null is a value that is missing: nobody is greeted as `None`. Raises UnfilledError."""
    try:
        return template.render({name: value for name, value in row.items() if value is not None})
    except UndefinedError:
        raise UnfilledError("missing_value", "a value that the message needs is missing") from None
    except Exception:  # a template is a program of somebody else's; its errors quote values
        raise UnfilledError("bad_value", "the template cannot work with a value") from None
