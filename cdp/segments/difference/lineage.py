"""Which columns of which models a change reaches, and from where."""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from cdp.segments.difference.graph import Graph, Model
from cdp.segments.statements import (
    ROWS,
    Columns,
    Read,
    Schema,
    UnreadableError,
    columns_of_statement,
)

Origins = frozenset[str]
_NOWHERE: Origins = frozenset()


@dataclass(slots=True)
class Reach:
    """What a change reaches: by model and column, the changed models that it comes from.

    `whole` are models of which every column counts as changed, because nothing tells their columns apart; those of
    them whose statement is not understood are `unread`.
    """

    columns: dict[str, dict[str, Origins]] = field(default_factory=dict)
    whole: dict[str, Origins] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    @property
    def models(self) -> set[str]:
        return set(self.columns) | set(self.whole)

    def of(self, read: Read) -> Origins:
        """The changed models that a column comes from; none where it is as it was."""
        model, column = read
        # A materialization of its own may write tables beside its model, called `<model>__<what>`.
        owners = [name for name in self.whole if model == name or model.startswith(f"{name}__")]
        beside = _NOWHERE.union(*(self.whole[name] for name in owners))
        return beside | self.columns.get(model, {}).get(column, _NOWHERE)

    def of_model(self, model: str) -> Origins:
        return _NOWHERE.union(self.whole.get(model, _NOWHERE), *self.columns.get(model, {}).values())


def reach_of_change(before: Graph, after: Graph, tables: Schema, dialect: str, models: str) -> Reach:
    """Compare two sides, model by model, parents first; `tables` is what stands in the warehouse that both copy."""
    comparison = _Comparison(_Side(tables, dialect, models), _Side(tables, dialect, models), Reach())
    order = TopologicalSorter({name: model.parents for name, model in after.items()}).static_order()
    for name in order:
        comparison.compare(before.get(name), after[name])
    return comparison.reach


class _Side:
    """The tables of one side; a compared model has the columns that its statement gives it there."""

    def __init__(self, tables: Schema, dialect: str, models: str) -> None:
        self._tables = {schema: dict(held) for schema, held in tables.items()}
        self._dialect, self._models = dialect, models

    def columns(self, model: Model) -> Columns | None:
        if model.statement is None:
            return None
        found = columns_of_statement(model.statement, self._tables, self._dialect, self._models)
        self._tables.setdefault(self._models, {})[model.name] = [name for name in found if name != ROWS]
        return found


@dataclass(frozen=True, slots=True)
class _Comparison:
    before: _Side
    after: _Side
    reach: Reach

    def compare(self, before: Model | None, after: Model) -> None:
        is_same = before is not None and before.text == after.text
        inherited = _NOWHERE.union(*(self.reach.of_model(parent) for parent in after.parents))
        if is_same and not inherited:
            return
        blamed = inherited if is_same else frozenset({after.name})
        try:
            old = self.before.columns(before) if before else {}
            new = self.after.columns(after)
        except UnreadableError:
            self.reach.unread.append(after.name)
            old = new = None
        if old is None or new is None:
            self.reach.whole[after.name] = blamed | inherited
        elif changed := self._changed(old, new, blamed):
            self.reach.columns[after.name] = changed

    def _changed(self, old: Columns, new: Columns, blamed: Origins) -> dict[str, Origins]:
        found = {}
        for name, column in new.items():
            is_other = name not in old or old[name].own != column.own
            origins = _NOWHERE.union(blamed if is_other else _NOWHERE, *(self.reach.of(read) for read in column.reads))
            if origins:
                found[name] = origins
        return found
