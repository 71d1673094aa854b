"""From YAML to a rule, with every complaint at its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cdp.declarations.absence import as_if_zero, is_count
from cdp.declarations.computed import SAMPLE_BUCKETS, Window, calendar_check, sample_bucket, top_rank
from cdp.declarations.condition_reader import ConditionReader, Steps
from cdp.declarations.event_reader import AMOUNTS, MOMENTS, EventReader
from cdp.declarations.events import EventSheet
from cdp.declarations.operands import WINDOW
from cdp.declarations.problems import attempt_all, together
from cdp.declarations.rule import All, AnyOf, Condition, Duration, Membership, Not, Operator, Rule
from cdp.declarations.traits import Kind, Trait, TraitSheet
from cdp.declarations.yaml_source import YamlDocument

DEEPEST = 50
LARGEST_TOP = 1_000_000_000
_CONNECTIVES = ("all", "any", "not", "segment")
_SALT = re.compile(r"[a-z][a-z0-9_]{0,59}")

Content = Mapping[Any, Any]


class RuleReader:
    """Reads the rule of one file. `read` raises DeclarationError with every complaint below its path."""

    def __init__(self, document: YamlDocument, traits: TraitSheet, events: EventSheet | None = None) -> None:
        self._document, self._traits = document, traits
        self._conditions = ConditionReader(document)
        self._problem = self._conditions.problem
        self._events = EventReader(document, events or EventSheet())
        self._leaves: dict[str, Callable[[Content, Steps], Rule]] = {
            "trait": self._trait,
            "did": self._events.did,
            "did_not": self._events.did_not,
            "top": self._top,
            "sample": self._sample,
        }
        self._leaves |= dict.fromkeys((*MOMENTS, *AMOUNTS), self._aggregate)

    def read(self, *path: str | int) -> Rule:
        content = self._document.content
        for step in path:
            content = content[step]
        return self._rule(content, path, depth=1)

    def _rule(self, content: Any, path: Steps, depth: int) -> Rule:
        shape = self._shape(content, path, depth)
        if shape in self._leaves:
            return self._leaves[shape](content, path)
        if len(content) > 1:
            raise self._problem(f"`{shape}` stands alone in its mapping.", path, remedy="Put each part under `all:`.")
        if shape == "segment":
            return self._membership(content["segment"], path)
        if shape == "not":
            return Not(self._rule(content["not"], (*path, "not"), depth + 1))
        rules = self._children(content[shape], (*path, shape), depth + 1)
        return All(rules) if shape == "all" else AnyOf(rules)

    def _shape(self, content: Any, path: Steps, depth: int) -> str:
        if depth > DEEPEST:
            raise self._problem(
                f"the rule is nested deeper than {DEEPEST} levels.",
                path,
                remedy="Give the inner part a segment of its own, and refer to it.",
            )
        shapes = (*_CONNECTIVES, *self._leaves)
        shape = next((key for key in shapes if isinstance(content, dict) and key in content), None)
        if shape is None:
            raise self._problem(
                "a rule is one of `all: […]`, `any: […]`, `not: …`, `trait: …`, `did: …` or `segment: …`.",
                path,
                remedy="docs/segments.md has them all.",
            )
        return shape

    def _children(self, content: Any, path: Steps, depth: int) -> tuple[Rule, ...]:
        if not isinstance(content, list) or not content:
            raise self._problem(f"`{path[-1]}` takes a list of at least one rule.", path)
        rules, problems = attempt_all(
            lambda numbered: self._rule(numbered[1], (*path, numbered[0]), depth), enumerate(content)
        )
        if problems:
            raise together(problems)
        return tuple(rules)

    def _membership(self, name: Any, path: Steps) -> Membership:
        if not isinstance(name, str):
            raise self._problem("`segment` takes the name of a segment.", (*path, "segment"))
        return Membership(name, self._document.at(*path, "segment"))

    def _trait(self, content: Content, path: Steps) -> Rule:
        trait = self._traits.find(str(content["trait"]), self._document.at(*path, "trait"))
        return self._asked(trait, {key: value for key, value in content.items() if key != "trait"}, path)

    def _aggregate(self, content: Content, path: Steps) -> Rule:
        shape = next(key for key in self._leaves if key in content)
        return self._asked(*self._events.aggregate(shape, content, path), path)

    def _asked(self, trait: Trait, asked: Content, path: Steps) -> Rule:
        if is_count(trait) and Operator.KNOWN in asked:
            raise self._problem(f"`{trait.name}` is a count: it is always known, 0 for nothing.", (*path, "known"))
        conditions = self._conditions.read(trait, asked, path)
        rules = tuple(as_if_zero(_in_own_days(condition)) for condition in conditions)
        return rules[0] if len(rules) == 1 else All(rules)

    def _top(self, content: Content, path: Steps) -> Condition:
        asked = self._exactly(content, "top", ("count", "by"), path)
        by = self._traits.find(str(asked["by"]), self._document.at(*path, "top", "by"))
        if by.kind in (Kind.TEXT, Kind.YES_NO):
            raise self._problem(f"`{by.name}` is {by.kind}: it has no highest.", (*path, "top", "by"))
        count = asked["count"]
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= LARGEST_TOP:
            raise self._problem("`count` takes how many customers, from 1.", (*path, "top", "count"))
        return Condition(top_rank(by), Operator.AT_MOST, count)

    def _sample(self, content: Content, path: Steps) -> Condition:
        asked = self._exactly(content, "sample", ("percent", "salt"), path)
        percent, salt = asked["percent"], asked["salt"]
        is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
        buckets = round(percent * SAMPLE_BUCKETS / 100) if is_number and 0 < percent < 100 else 0
        if not buckets or abs(buckets * 100 / SAMPLE_BUCKETS - percent) > 1e-9:
            raise self._problem(
                "`percent` takes a number above 0 and below 100, with at most two decimals.",
                (*path, "sample", "percent"),
            )
        if not isinstance(salt, str) or not _SALT.fullmatch(salt):
            raise self._problem(
                "`salt` takes a word of small letters, digits and `_`.",
                (*path, "sample", "salt"),
                remedy="Equal words draw the same customers, another word draws others.",
            )
        return Condition(sample_bucket(salt), Operator.LESS_THAN, buckets)

    def _exactly(self, content: Content, shape: str, keys: tuple[str, ...], path: Steps) -> Content:
        inner = content[shape]
        if len(content) > 1 or not isinstance(inner, dict) or set(inner) != set(keys):
            wanted = ", ".join(f"{key}: …" for key in keys)
            raise self._problem(f"`{shape}` is written `{shape}: {{{wanted}}}`.", (*path, shape))
        return inner


def _in_own_days(condition: Condition) -> Condition:
    """A window in calendar days asks a column of its own."""
    span = condition.operand
    if condition.operator not in WINDOW or not isinstance(span, Duration) or not span.is_calendar:
        return condition
    window = Window(within=span) if condition.operator is Operator.WITHIN_LAST else Window(ago=span)
    return Condition(calendar_check(condition.trait, window), Operator.IS, True)
