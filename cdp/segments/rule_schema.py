"""What a rule may hold, as a JSON Schema: the shapes of its leaves with the names that this company has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cdp.declarations.event_reader import AMOUNTS, DID_KEYS, MOMENTS, MOST_TIMES, SEQUELS, TIMES
from cdp.declarations.events import EventSheet
from cdp.declarations.operands import CALENDAR_DAYS, DURATION, LISTS, OPERATORS, WINDOW
from cdp.declarations.rule import Operator
from cdp.declarations.traits import Kind, Trait, TraitSheet
from cdp.declarations.vocabulary import Vocabulary

Schema = dict[str, Any]

_TIME = r"^\d{4}-\d{2}-\d{2}"
_VALUES: dict[Kind, Schema] = {
    Kind.WHOLE: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.TEXT: {"type": "string"},
    Kind.YES_NO: {"type": "boolean"},
    Kind.TIMESTAMP: {"type": "string", "pattern": _TIME},
    Kind.DATE: {"type": "string", "pattern": _TIME},
}
_EXACT: Schema = {"type": "string", "pattern": f"^{DURATION.pattern}$"}
SPAN: Schema = {"type": "string", "pattern": f"^({DURATION.pattern}|{CALENDAR_DAYS.pattern})$"}
WHERE: Schema = {"$ref": "#/$defs/where"}
EVENT: Schema = {"$ref": "#/$defs/event"}
NUMBERS: Schema = {"$ref": "#/$defs/number"}


def closed(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def rule_definitions(vocabulary: Vocabulary, segments: Iterable[str]) -> Schema:
    """`$defs` of a rule, and of what it is made of."""
    return {"rule": _rule(vocabulary, segments)} | event_definitions(vocabulary.events)


def event_definitions(events: EventSheet) -> Schema:
    """`$defs` of an event's name, of `where`, and of the columns that can be added up."""
    columns = {column.name: _where(column) for column in events.columns.values()}
    return {
        "event": _one_of(events.names),
        "number": _one_of(events.numbers()),
        "where": {"type": "object", "properties": columns, "additionalProperties": False},
    }


def _rule(vocabulary: Vocabulary, segments: Iterable[str]) -> Schema:
    rule = {"$ref": "#/$defs/rule"}
    several = {"type": "array", "minItems": 1, "items": rule}
    shapes = {"all": several, "any": several, "not": rule, "segment": {"enum": list(segments)}}
    connectives = [closed({key: shape}, required=[key]) for key, shape in shapes.items()]
    traits = [_trait(kind, names) for kind in Kind if (names := _names(vocabulary.traits, kind))]
    events = [_did("did"), _did("did_not"), *map(_moment, MOMENTS), *map(_amount, AMOUNTS)]
    return {"anyOf": [*connectives, *traits, *(events if vocabulary.events.names else []), *_drawn(vocabulary.traits)]}


def _trait(kind: Kind, names: list[str]) -> Schema:
    return closed({"trait": {"enum": names}, **_operators(kind)}, required=["trait"]) | {"minProperties": 2}


def _did(key: str) -> Schema:
    times = {each: {"type": "integer", "minimum": 1, "maximum": MOST_TIMES} for each in TIMES}
    follower = {"anyOf": [EVENT, closed({"did": EVENT, "where": WHERE}, required=["did"])]}
    dates = {"type": "array", "minItems": 2, "maxItems": 2, "items": _VALUES[Kind.TIMESTAMP]}
    properties = {
        key: EVENT,
        **times,
        **_extent(),
        "between": dates,
        "within": _EXACT,
        **dict.fromkeys(SEQUELS, follower),
    }
    assert set(properties) == DID_KEYS | {key}
    return closed(properties, required=[key]) | {"dependentRequired": {each: ["within"] for each in SEQUELS}}


def _moment(key: str) -> Schema:
    properties = {key: EVENT, "where": WHERE, **_operators(Kind.TIMESTAMP)}
    return closed(properties, required=[key]) | {"minProperties": 2}


def _amount(key: str) -> Schema:
    properties = {key: NUMBERS, "of": EVENT, **_extent(), **_operators(Kind.NUMBER)}
    return closed(properties, required=[key, "of"]) | {"minProperties": 3}


def _drawn(traits: TraitSheet) -> list[Schema]:
    ranked = [name for name, trait in traits.traits.items() if trait.kind not in (Kind.TEXT, Kind.YES_NO)]
    top = closed({"count": {"type": "integer", "minimum": 1}, "by": {"enum": ranked}}, required=["count", "by"])
    percent = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100}
    salt = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
    sample = closed({"percent": percent, "salt": salt}, required=["percent", "salt"])
    return [closed({key: shape}, required=[key]) for key, shape in (("top", top), ("sample", sample))]


def _extent() -> Schema:
    return {**{operator.value: SPAN for operator in sorted(WINDOW)}, "where": WHERE}


def _where(column: Trait) -> Schema:
    operators = {name: shape for name, shape in _operators(column.kind).items() if name not in set(WINDOW)}
    value = _VALUES[column.kind]
    values = {"type": "array", "minItems": 1, "items": value}
    return {"anyOf": [value, values, closed(operators, required=[]) | {"minProperties": 1}]}


def _operators(kind: Kind) -> Schema:
    return {operator.value: _operand(operator, kind) for operator in Operator if operator in OPERATORS[kind]}


def _operand(operator: Operator, kind: Kind) -> Schema:
    if operator is Operator.KNOWN:
        return {"type": "boolean"}
    if operator in WINDOW:
        return _EXACT if kind is Kind.DATE else SPAN
    if operator is Operator.BETWEEN:
        return {"type": "array", "minItems": 2, "maxItems": 2, "items": _VALUES[kind]}
    if operator in LISTS:
        return {"type": "array", "minItems": 1, "items": _VALUES[kind]}
    return _VALUES[kind]


def _names(traits: TraitSheet, kind: Kind) -> list[str]:
    return [trait.name for trait in traits.traits.values() if trait.kind is kind]


def _one_of(names: Iterable[str]) -> Schema:
    """An empty `enum` is no schema."""
    known = list(names)
    return {"enum": known} if known else {"not": {}}
