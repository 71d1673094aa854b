"""Why a change touches a segment: its own file, a segment that it refers to, or a model that a trait comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from cdp.declarations.rule import Condition, Membership, leaves
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import TRAITS_MODEL
from cdp.segments.difference.lineage import Origins, Reach
from cdp.segments.difference.movement import Side, former_names
from cdp.segments.members import columns_read, part_of
from cdp.segments.words import rule_in_words, segment_in_words

MOST_NAMED = 4


class Reasons:
    """The reasons of every segment of both sides."""

    def __init__(self, old: Side, new: Side, reach: Reach) -> None:
        self._old, self._new, self._reach = old, new, reach
        self._former = former_names(old.segments, new.segments)
        self._origins: dict[Condition, Origins] = {}
        self._known: dict[str, tuple[str, ...]] = {}

    def by_segment(self) -> dict[str, tuple[str, ...]]:
        """The segments that the change touches, in the order of names, each with at least one reason."""
        reasons = {name: self._of(name) for name in sorted({*self._old.segments, *self._new.segments})}
        return {name: why for name, why in reasons.items() if why}

    def _of(self, name: str) -> tuple[str, ...]:
        if name not in self._known:
            self._known[name] = tuple(self._found(name))
        return self._known[name]

    def _found(self, name: str) -> Iterator[str]:
        old, new = self._old.segments.get(name), self._new.segments.get(name)
        if new is None:
            if name not in self._former.values():
                yield "removed"
            return
        if old is None and name in self._former:
            yield f"was `{self._former[name]}`"
            old = self._old.segments[self._former[name]]
        if old is None:
            yield "new"
        elif old.definition != new.definition:
            yield _declared_otherwise(old, new)
        if isinstance(new.definition, ModelReference):
            yield from self._of_model(new.definition.model)
            return
        for link in dict.fromkeys(leaf.segment for leaf in leaves(new.definition) if isinstance(leaf, Membership)):
            if self._of(link):
                yield f"refers to `{link}`"
        yield from self._of_conditions(new, (leaf for leaf in leaves(new.definition) if isinstance(leaf, Condition)))

    def _of_model(self, model: str) -> Iterator[str]:
        origins = self._reach.of_model(model)
        if model in origins:
            yield f"its model `{model}` changed"
        elif origins:
            yield f"its model `{model}` comes from {_changed(origins)}"

    def _of_conditions(self, segment: Segment, conditions: Iterable[Condition]) -> Iterator[str]:
        if not self._reach.models:
            return
        asked: dict[Origins, dict[str, None]] = defaultdict(dict)
        for condition in conditions:
            if origins := self._origins_of(segment, condition):
                asked[origins][_named(condition)] = None
        for origins, names in asked.items():
            yield f"{_listed(names)} {'come' if len(names) > 1 else 'comes'} from {_changed(origins)}"

    def _origins_of(self, segment: Segment, condition: Condition) -> Origins:
        if condition not in self._origins:
            reads = columns_read(self._new.reader, part_of(segment, condition), self._new.segments)
            self._origins[condition] = frozenset().union(*(self._reach.of(read) for read in reads))
        return self._origins[condition]


def _declared_otherwise(old: Segment, new: Segment) -> str:
    if segment_in_words(old) != segment_in_words(new):
        return "its rule changed"
    before, after = (
        {leaf.trait for leaf in leaves(each.definition) if isinstance(leaf, Condition)}
        for each in (old, new)
        if not isinstance(each.definition, ModelReference)
    )
    return f"{_listed(sorted(f'`{trait.name}`' for trait in after - before))} is declared otherwise"


def _named(condition: Condition) -> str:
    is_trait = condition.trait.model == TRAITS_MODEL
    return f"`{condition.trait.name}`" if is_trait else f"“{rule_in_words(condition)}”"


def _changed(origins: Iterable[str]) -> str:
    models = sorted(origins)
    return f"changed model{'s' if len(models) > 1 else ''} {_listed(f'`{model}`' for model in models)}"


def _listed(words: Iterable[str]) -> str:
    named = list(words)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return ", ".join(named[:MOST_NAMED]) + more
