"""What `activation/traits/<name>.yml` may hold, as a JSON Schema."""

from __future__ import annotations

from cdp.declarations.declared_traits import AGGREGATES, TraitHeader
from cdp.declarations.event_reader import AMOUNTS
from cdp.declarations.events import EventSheet
from cdp.declarations.operands import DURATION
from cdp.segments.rule_schema import EVENT, NUMBERS, SPAN, WHERE, Schema, closed, event_definitions


def trait_properties(events: EventSheet) -> Schema:
    """The schema without its header."""
    own = TraitHeader.model_json_schema()["properties"]
    properties = {key: own[key] for key in ("name", "description", "owner")}
    properties |= {key: NUMBERS if key in AMOUNTS else EVENT for key in AGGREGATES}
    properties |= {"of": EVENT, "where": WHERE, "within_last": SPAN, "more_than_ago": SPAN}
    properties |= {"expires_after": {"type": "string", "pattern": f"^{DURATION.pattern}$"}}
    shape = closed(properties, required=["name", "description", "owner"])
    of = {"dependentRequired": {key: ["of"] for key in AMOUNTS}}
    return shape | of | {"oneOf": [{"required": [key]} for key in AGGREGATES], "$defs": event_definitions(events)}
