"""Which generations stay, and which one a person means."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cdp.errors import ConfigurationError, OtherModelsError
from cdp.warehouse.port import Generation, KeptGeneration

_TABLE = re.compile(r"(?:Table with name |relation \"(?:\w+\.)?)(\w+)")


def find_kept(kept: Sequence[KeptGeneration], number: int) -> Generation:
    """The generation of that number.

    Raises ConfigurationError where it is not kept, with those that are.
    """
    found = {each.generation.number: each.generation for each in kept}
    if number in found:
        return found[number]
    raise ConfigurationError(
        f"generation {number} is not kept: there is {_listed(sorted(found))}.",
        remedy="`retention.generations` in cdp.yml says how many stay.",
    )


def beyond_retention(kept: Sequence[KeptGeneration], keep: int) -> list[int]:
    """Numbers of those that go: neither among the newest `keep`, nor published, nor set aside."""
    newest = sorted((each.generation.number for each in kept), reverse=True)[:keep]
    return [
        each.generation.number
        for each in kept
        if not (each.generation.number in newest or each.is_published or each.is_set_aside)
    ]


def lacks_a_table(generation: Generation, message: str) -> OtherModelsError:
    """What to tell where a generation was built by other models; `message` is the engine's, and names a table."""
    found = _TABLE.search(message)
    return OtherModelsError(
        f"generation {generation.number} has no table {found[1] if found else 'of that name'}: other models built it.",
        remedy="Run `cdp run`: the next generation has it.",
    )


def refuse_second(published: Generation | None) -> None:
    """Raise ConfigurationError where something has been published: a backup is restored beside nothing."""
    if published:
        raise ConfigurationError(
            f"the warehouse has generation {published.number} already.",
            remedy="Restore into a project that has no data yet: nothing is overwritten.",
        )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
