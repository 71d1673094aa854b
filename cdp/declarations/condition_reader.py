"""The comparisons beside a trait or a column, each complaint at its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdp.declarations.contradictions import exclude_each_other
from cdp.declarations.operands import OPERATORS, WINDOW, OperandError, nothing_between, read_duration, read_operand
from cdp.declarations.problems import attempt_all, together
from cdp.declarations.rule import Condition, Duration, Operator
from cdp.declarations.traits import Trait, nearest
from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import DeclarationError

Step = str | int
Steps = tuple[Step, ...]
_OPERATORS = {operator.value for operator in Operator}


class ConditionReader:
    """Reads the operators of one leaf. Everything raises DeclarationError with every complaint below its path."""

    def __init__(self, document: YamlDocument) -> None:
        self._document = document

    def read(self, trait: Trait, asked: Mapping[Any, Any], path: Steps) -> tuple[Condition, ...]:
        """A condition per operator in `asked`, in their order; they can all hold together."""
        if not asked:
            raise self.problem(
                f"nothing is asked of `{trait.name}`.", path, remedy=f"Add one of {_listed(OPERATORS[trait.kind])}."
            )
        conditions, problems = attempt_all(lambda pair: self._condition(trait, *pair, path), asked.items())
        if problems:
            raise together(problems)
        self.refuse_contradiction(conditions, path)
        return tuple(conditions)

    def duration(self, content: Mapping[Any, Any], key: str, path: Steps) -> Duration | None:
        """The length of time under `key`, if it is there."""
        if key not in content:
            return None
        try:
            return read_duration(content[key])
        except OperandError as error:
            raise self.problem(f"`{key}`: {error}", (*path, key)) from None

    def refuse_impossible(self, within: Duration | None, ago: Duration | None, path: Steps) -> None:
        if within and ago and nothing_between(ago, within):
            raise self.problem(
                f"nothing is both more than {ago} ago and within the last {within}.", (*path, "more_than_ago")
            )

    def problem(self, what: str, path: Steps, remedy: str = "") -> DeclarationError:
        return DeclarationError(what, where=self._document.at(*path), remedy=remedy)

    def _condition(self, trait: Trait, key: Any, written: Any, path: Steps) -> Condition:
        if key not in _OPERATORS:
            raise self.problem(
                f"`{key}` is not an operator.",
                (*path, str(key)),
                remedy=nearest(str(key), _OPERATORS, "docs/segments.md"),
            )
        operator = Operator(key)
        if operator not in OPERATORS[trait.kind]:
            raise self.problem(
                f"`{operator}` does not apply to `{trait.name}`, which is {trait.kind}.",
                (*path, key),
                remedy=f"Use one of {_listed(OPERATORS[trait.kind])}.",
            )
        try:
            return Condition(trait, operator, read_operand(operator, trait.kind, written))
        except OperandError as error:
            raise self.problem(f"`{trait.name}` `{operator}`: {error}", (*path, key)) from None

    def refuse_contradiction(self, conditions: list[Condition], path: Steps) -> None:
        """Raises DeclarationError where nobody meets all of `conditions`, which are about one trait."""
        operands = {condition.operator: condition.operand for condition in conditions}
        if operands.get(Operator.KNOWN) is False and len(operands) > 1:
            raise self.problem("nobody has no value and meets a condition on it.", (*path, "known"))
        match [operands.get(operator) for operator in sorted(WINDOW)]:
            case [Duration() as ago, Duration() as within]:
                self.refuse_impossible(within, ago, path)
        if exclude_each_other(conditions):
            names = _listed(frozenset(operands))
            raise self.problem(f"no value of `{conditions[0].trait.name}` meets {names} together.", path)


def _listed(operators: frozenset[Operator]) -> str:
    return ", ".join(f"`{operator}`" for operator in Operator if operator in operators)
