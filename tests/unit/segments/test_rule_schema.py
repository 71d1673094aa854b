"""The editor's schema takes every rule that means something, and underlines what the compiler would refuse."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from cdp.declarations.vocabulary import Vocabulary
from cdp.segments.editor_schemas import segment_schema, trait_schema
from tests.unit.segments.event_worlds import DECLARED, EVENTS, TRAITS, rules
from tests.unit.segments.test_event_agreement import FACTS, SHEET

HEADER = {"name": "x", "description": "y", "owner": "z"}
SEGMENTS = jsonschema.Draft202012Validator(segment_schema(Vocabulary(SHEET, FACTS, EVENTS), ["x", "others"]))
DECLARATIONS = jsonschema.Draft202012Validator(trait_schema(EVENTS))


@given(rule=rules)
@settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, max_examples=150)
def test_a_rule_that_means_something_fits(rule: dict[str, Any]) -> None:
    SEGMENTS.validate({**HEADER, "rule": rule, "except": ["others"]})


@pytest.mark.parametrize(
    "rule",
    [
        {"did": "bougt"},
        {"did": "bought", "at_least": 0},
        {"did": "bought", "within_last": "3 weeks"},
        {"did": "bought", "where": {"chanel": "shop"}},
        {"did": "bought", "where": {"channel": 3}},
        {"did": "bought", "where": {"occurred_at": {"within_last": "3 days"}}},
        {"did": "bought", "then": "viewed"},
        {"did": "bought", "then": "viewed", "within": "2 calendar days"},
        {"first": "bought"},
        {"sum": "channel", "of": "bought", "at_least": 3},
        {"sum": "value_cents", "at_least": 3},
        {"top": {"count": 3, "by": "time_zone"}},
        {"top": {"count": 0, "by": "orders"}},
        {"sample": {"percent": 100, "salt": "a"}},
        {"sample": {"percent": 10, "salt": "A b"}},
    ],
)
def test_a_rule_that_is_refused_is_underlined(rule: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        SEGMENTS.validate({**HEADER, "rule": rule})


@pytest.mark.parametrize("body", DECLARED.values())
def test_a_declared_trait_fits(body: dict[str, Any]) -> None:
    DECLARATIONS.validate({**HEADER, **body})


@pytest.mark.parametrize(
    "body",
    [{"count": "bought", "last": "bought"}, {"sum": "value_cents"}, {"count": "nothing"}, {"within_last": "3 days"}],
)
def test_a_declared_trait_that_is_refused_is_underlined(body: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        DECLARATIONS.validate({**HEADER, **body})


def test_a_company_without_events_still_has_a_schema() -> None:
    schema = segment_schema(Vocabulary(TRAITS, {}, type(EVENTS)()), [])
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate({**HEADER, "rule": {"trait": "orders", "at_least": 1}})
    assert not validator.is_valid({**HEADER, "rule": {"did": "bought"}})
