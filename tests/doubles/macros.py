"""The project's own macros, run against an engine without dbt around them: each statement of theirs is real."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

Rows = list[tuple[Any, ...]]
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\s*\(.*?endmacro\s*-?%\}", re.DOTALL)


class Returned(BaseException):
    """What a macro gives back by `return`."""

    def __init__(self, value: object) -> None:
        self.value = value


@dataclass(frozen=True)
class Relation:
    """A table by name, as far as the macros look at one."""

    identifier: str

    def incorporate(self, path: Mapping[str, str]) -> Relation:
        return replace(self, identifier=path["identifier"])

    def __str__(self) -> str:
        return self.identifier


class Answer:
    """What dbt's `run_query` gives, as far as the macros look at it."""

    def __init__(self, rows: Rows) -> None:
        self.columns = [Column(values) for values in zip(*rows, strict=True)] if rows else [Column(())]


@dataclass(frozen=True)
class Column:
    given: tuple[Any, ...]

    def values(self) -> tuple[Any, ...]:
        return self.given


def _return(value: object) -> None:
    raise Returned(value)


@cache
def _template(source: str) -> jinja2.Template:
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False, undefined=jinja2.StrictUndefined)
    return environment.from_string(source)


class Macros:
    """Macros of `files`, callable by name; `run` executes one statement, `dialect` chooses between dispatched ones."""

    def __init__(
        self, files: list[Path], run: Callable[[str], Rows], *, dialect: str = "duckdb", **context: object
    ) -> None:
        self._dialect = dialect
        self.context: dict[str, Any] = {
            "run_query": lambda sql: Answer(run(sql)),
            "return": _return,
            "adapter": {
                "dispatch": self._dispatch,
                "drop_relation": lambda relation: run(f"drop table if exists {relation}"),
            },
            "load_relation": lambda relation: relation,
            "exceptions": None,
            "execute": True,
            "local_md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
            "tojson": lambda value, sort_keys=False: json.dumps(value, sort_keys=sort_keys),
            **context,
        }
        for file in files:
            for found in _MACRO.finditer(file.read_text(encoding="utf-8")):
                self._define(found[1], found[0])

    def _define(self, name: str, source: str) -> None:
        context = self.context

        def call(*given: object, **named: object) -> object:
            macro = getattr(_template(source).make_module(context), name)
            try:
                return str(macro(*given, **named))
            except Returned as returned:
                return returned.value

        context[name] = call

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = self.context[name]
        return found

    def _dispatch(self, name: str, _: str) -> Callable[..., Any]:
        found: Callable[..., Any] = self.context.get(f"{self._dialect}__{name}") or self.context[f"default__{name}"]
        return found
