"""From YAML to a rule, with every complaint at its line."""

from __future__ import annotations

from typing import Any

from cdp.declarations.operands import OPERATORS, WINDOW, OperandError, hours, read_operand
from cdp.declarations.problems import attempt_all, together
from cdp.declarations.rule import All, AnyOf, Condition, Duration, Membership, Not, Operator, Rule
from cdp.declarations.traits import Trait, TraitSheet, nearest
from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import DeclarationError

DEEPEST = 50
_SHAPES = ("all", "any", "not", "trait", "segment")

Step = str | int


class RuleReader:
    """Reads the rule of one file. `read` raises DeclarationError with every complaint below its path."""

    def __init__(self, document: YamlDocument, traits: TraitSheet) -> None:
        self._document, self._traits = document, traits

    def read(self, *path: Step) -> Rule:
        content = self._document.content
        for step in path:
            content = content[step]
        return self._rule(content, path, depth=1)

    def _rule(self, content: Any, path: tuple[Step, ...], depth: int) -> Rule:
        shape = self._shape(content, path, depth)
        if shape == "trait":
            return self._leaf(content, path)
        if len(content) > 1:
            raise self._problem(f"`{shape}` stands alone in its mapping.", path, remedy="Put each part under `all:`.")
        if shape == "segment":
            return self._membership(content["segment"], path)
        if shape == "not":
            return Not(self._rule(content["not"], (*path, "not"), depth + 1))
        rules = self._children(content[shape], (*path, shape), depth + 1)
        return All(rules) if shape == "all" else AnyOf(rules)

    def _shape(self, content: Any, path: tuple[Step, ...], depth: int) -> str:
        if depth > DEEPEST:
            raise self._problem(
                f"the rule is nested deeper than {DEEPEST} levels.",
                path,
                remedy="Give the inner part a segment of its own, and refer to it.",
            )
        shape = next((key for key in _SHAPES if isinstance(content, dict) and key in content), None)
        if shape is None:
            raise self._problem("a rule is one of `all: […]`, `any: […]`, `not: …`, `trait: …` or `segment: …`.", path)
        return shape

    def _children(self, content: Any, path: tuple[Step, ...], depth: int) -> tuple[Rule, ...]:
        if not isinstance(content, list) or not content:
            raise self._problem(f"`{path[-1]}` takes a list of at least one rule.", path)
        rules, problems = attempt_all(
            lambda numbered: self._rule(numbered[1], (*path, numbered[0]), depth), enumerate(content)
        )
        if problems:
            raise together(problems)
        return tuple(rules)

    def _membership(self, name: Any, path: tuple[Step, ...]) -> Membership:
        if not isinstance(name, str):
            raise self._problem("`segment` takes the name of a segment.", (*path, "segment"))
        return Membership(name, self._document.at(*path, "segment"))

    def _leaf(self, content: dict[str, Any], path: tuple[Step, ...]) -> Rule:
        trait = self._traits.find(str(content["trait"]), self._document.at(*path, "trait"))
        keys = [key for key in content if key != "trait"]
        if not keys:
            raise self._problem(
                f"nothing is asked of `{trait.name}`.", path, remedy=f"Add one of {_listed(OPERATORS[trait.kind])}."
            )
        conditions, problems = attempt_all(lambda key: self._condition(trait, key, content[key], path), keys)
        if problems:
            raise together(problems)
        self._refuse_contradiction(conditions, path)
        return conditions[0] if len(conditions) == 1 else All(tuple(conditions))

    def _condition(self, trait: Trait, key: Any, written: Any, path: tuple[Step, ...]) -> Condition:
        known = {operator.value for operator in Operator}
        if key not in known:
            raise self._problem(
                f"`{key}` is not an operator.", (*path, str(key)), remedy=nearest(str(key), known, "docs/segments.md")
            )
        operator = Operator(key)
        if operator not in OPERATORS[trait.kind]:
            raise self._problem(
                f"`{operator}` does not apply to `{trait.name}`, which is {trait.kind}.",
                (*path, key),
                remedy=f"Use one of {_listed(OPERATORS[trait.kind])}.",
            )
        try:
            return Condition(trait, operator, read_operand(operator, trait.kind, written))
        except OperandError as error:
            raise self._problem(f"`{trait.name}` `{operator}`: {error}", (*path, key)) from None

    def _refuse_contradiction(self, conditions: list[Condition], path: tuple[Step, ...]) -> None:
        operands = {condition.operator: condition.operand for condition in conditions}
        if operands.get(Operator.KNOWN) is False and len(operands) > 1:
            raise self._problem("nobody has no value and meets a condition on it.", (*path, "known"))
        spans = [operands[operator] for operator in sorted(WINDOW) if operator in operands]
        match spans:
            case [Duration() as ago, Duration() as within] if hours(ago) >= hours(within):
                raise self._problem(
                    f"nothing is both more than {ago} ago and within the last {within}.", (*path, "more_than_ago")
                )

    def _problem(self, what: str, path: tuple[Step, ...], remedy: str = "") -> DeclarationError:
        return DeclarationError(what, where=self._document.at(*path), remedy=remedy)


def _listed(operators: frozenset[Operator]) -> str:
    return ", ".join(f"`{operator}`" for operator in Operator if operator in operators)
