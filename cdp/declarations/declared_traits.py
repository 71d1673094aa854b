"""Traits declared in YAML, `activation/traits/<name>.yml`: an aggregate over a customer's events, under a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdp.declarations.computed import Aggregate, EventFact
from cdp.declarations.condition_reader import ConditionReader
from cdp.declarations.event_reader import AMOUNTS, MOMENTS, EventReader
from cdp.declarations.events import EventSheet
from cdp.declarations.folder import Declaration, read_folder, read_header
from cdp.declarations.traits import TRAITS_MODEL, TraitSheet
from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import DeclarationError
from cdp.project import Project

# A trait becomes a column: what no engine takes for one, of PostgreSQL's and DuckDB's lists of reserved words.
_RESERVED = re.compile(
    r"all|analyse|analyze|and|any|array|as|asc|asymmetric|authorization|between|both|case|cast|"
    r"check|collate|column|constraint|create|cross|current_date|current_role|current_time|"
    r"current_timestamp|current_user|default|deferrable|desc|describe|distinct|do|else|end|except|"
    r"false|fetch|for|foreign|freeze|from|full|grant|group|having|ilike|in|initially|inner|"
    r"intersect|into|is|isnull|join|lambda|lateral|leading|left|like|limit|localtime|localtimestamp|"
    r"natural|not|notnull|null|offset|on|only|or|order|outer|overlaps|pivot|placing|primary|qualify|"
    r"references|returning|right|select|session_user|show|similar|some|summarize|symmetric|table|"
    r"tablesample|then|to|trailing|true|union|unique|unpivot|user|using|variadic|verbose|when|where|"
    r"window|with"
)
AGGREGATES = (Aggregate.COUNT.value, *MOMENTS, *AMOUNTS)


class TraitHeader(Declaration):
    """What a trait's file may say; which of it goes together is checked where it is read."""

    count: Any = None
    first: Any = None
    last: Any = None
    sum: Any = None
    avg: Any = None
    max: Any = None
    min: Any = None
    of: Any = None
    where: Any = None
    within_last: Any = None
    more_than_ago: Any = None
    expires_after: Any = None


@dataclass(frozen=True, slots=True)
class DeclaredTrait:
    """A trait, and what its file says."""

    name: str
    fact: EventFact
    declared: Any


def read_declared_traits(
    project: Project, traits: TraitSheet, events: EventSheet, instead: Mapping[str, Any]
) -> tuple[dict[str, DeclaredTrait], list[DeclarationError]]:
    """The traits whose files are sound, by name, and what is wrong with the others.

    `instead` has contents, by name, to read in place of what a file says.
    """
    return read_folder(project.activation / "traits", lambda file: _read_trait(file, traits, events, instead))


def _read_trait(file: Path, traits: TraitSheet, events: EventSheet, instead: Mapping[str, Any]) -> DeclaredTrait:
    header, document = read_header(TraitHeader, file, instead)
    if header.name in traits.traits or header.name in traits.untestable or header.name == "customer_id":
        raise DeclarationError(
            f"`{TRAITS_MODEL}` has a column `{header.name}` already.",
            where=document.at("name"),
            remedy="Give the trait another name.",
        )
    if _RESERVED.fullmatch(header.name):
        raise DeclarationError(
            f"`{header.name}` is a word of SQL, which cannot be a column.",
            where=document.at("name"),
            remedy="Give the trait another name.",
        )
    return DeclaredTrait(header.name, replace(read_fact(document, events), name=header.name), document.content)


def read_fact(document: YamlDocument, events: EventSheet) -> EventFact:
    """The fact that a trait's file describes, under a name of its own.

    Raises DeclarationError where the file describes none, or more than one.
    """
    conditions = ConditionReader(document)
    content: Mapping[str, Any] = document.content
    shapes = [key for key in AGGREGATES if key in content]
    if len(shapes) != 1:
        wanted = ", ".join(f"`{shape}`" for shape in AGGREGATES)
        raise conditions.problem("a trait is made of events in one way.", (), remedy=f"Write one of {wanted}.")
    asked = {key: value for key, value in content.items() if key not in (*Declaration.model_fields, "expires_after")}
    fact, left = EventReader(document, events).aggregate(shapes[0], asked, ())
    if left:
        raise conditions.problem(f"`{next(iter(left))}` does not go with `{shapes[0]}`.", (str(next(iter(left))),))
    expires_after = conditions.duration(content, "expires_after", ())
    if expires_after and (expires_after.is_calendar or fact.aggregate is Aggregate.COUNT):
        raise conditions.problem(
            "`expires_after` takes `90 days`, for anything but a count, which is never unknown.",
            ("expires_after",),
            remedy="Count `within_last` instead." if fact.aggregate is Aggregate.COUNT else "",
        )
    return replace(fact, expires_after=expires_after)
