"""Several complaints told at once, so that one broken file never hides another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from cdp.errors import DeclarationError

Item = TypeVar("Item")
Result = TypeVar("Result")


def attempt_all(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> tuple[list[Result], list[DeclarationError]]:
    """`function` of every item: what succeeded, and what was complained about."""
    results, problems = [], []
    for item in items:
        try:
            results.append(function(item))
        except DeclarationError as problem:
            problems.append(problem)
    return results, problems


def together(problems: Sequence[DeclarationError]) -> DeclarationError:
    """One error that tells every problem, a line each."""
    first, *others = problems
    remedy = "\n".join([first.remedy, *map(str, others)])
    return DeclarationError(first.what, where=first.where, remedy=remedy.rstrip("\n"))
