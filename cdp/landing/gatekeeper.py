"""Who inspects a landing before it becomes visible: whoever has registered; this room imports nobody (ADR 24)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cdp.landing.batch import Batch
    from cdp.landing.land import Inspection, TableLanding
    from cdp.project import Project
    from cdp.store import Store

Gate: TypeAlias = "Callable[[Project, Store], Inspection]"
_gates: list[Gate] = []


def keep(gate: Gate) -> None:
    """Let `gate` inspect every landing that a command starts in this process."""
    if gate not in _gates:
        _gates.append(gate)


def inspection(project: Project, store: Store) -> Inspection:
    """What all of them ask, one after the other."""
    inspections = [gate(project, store) for gate in _gates]

    def inspect(batch: Batch, tables: list[TableLanding]) -> None:
        for each in inspections:
            each(batch, tables)

    return inspect
