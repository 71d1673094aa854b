"""Leaves about events, from YAML to conditions on generated columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cdp.declarations.computed import (
    Aggregate,
    EventFact,
    Happening,
    Selection,
    Sequel,
    Window,
    calendar_check,
    event_fact,
    happened,
)
from cdp.declarations.condition_reader import ConditionReader, Steps
from cdp.declarations.events import OCCURRED_AT, EventSheet
from cdp.declarations.operands import WINDOW, nothing_between
from cdp.declarations.problems import attempt_all, together
from cdp.declarations.rule import All, Condition, Not, Operator, Rule
from cdp.declarations.traits import nearest
from cdp.declarations.yaml_source import YamlDocument

MOMENTS = {"first": Aggregate.FIRST, "last": Aggregate.LAST}
AMOUNTS = {"sum": Aggregate.SUM, "avg": Aggregate.AVG, "max": Aggregate.MAX, "min": Aggregate.MIN}
TIMES = ("at_least", "at_most", "exactly")
MOST_TIMES = 1_000_000
SEQUELS = ("then", "then_not")
_WINDOW = {operator.value for operator in WINDOW}
_EXTENT = _WINDOW | {"where"}
DID_KEYS = frozenset({*TIMES, *SEQUELS, *_EXTENT, "between", "within"})
_SEQUEL_KEYS = frozenset({"did", "where"})


class EventReader:
    """Reads what a rule says about events. Everything raises DeclarationError with every complaint below its path."""

    def __init__(self, document: YamlDocument, events: EventSheet) -> None:
        self._document, self._events, self._conditions = document, events, ConditionReader(document)

    def did(self, content: Mapping[Any, Any], path: Steps) -> Rule:
        """`did`: the events happened as often as asked."""
        self._refuse_unknown(content, DID_KEYS | {"did"}, path)
        selection = self._selection(content, "did", path)
        if any(key in content for key in TIMES):
            return self._times(event_fact(Aggregate.COUNT, selection), content, path)
        return _happened(selection)

    def did_not(self, content: Mapping[Any, Any], path: Steps) -> Rule:
        """`did_not`: what `did` would say does not hold."""
        renamed = {"did" if key == "did_not" else key: value for key, value in content.items()}
        return Not(self.did(renamed, path))

    def aggregate(self, shape: str, content: Mapping[Any, Any], path: Steps) -> tuple[EventFact, dict[Any, Any]]:
        """The fact that one of `count`, `first`, `last`, `sum`, `avg`, `max`, `min` names, and the keys it left."""
        if shape == Aggregate.COUNT:
            fact = event_fact(Aggregate.COUNT, self._selection(content, shape, path))
            return fact, _without(content, {shape, *_EXTENT})
        return (self.moment if shape in MOMENTS else self.amount)(shape, content, path)

    def moment(self, shape: str, content: Mapping[Any, Any], path: Steps) -> tuple[EventFact, dict[Any, Any]]:
        """`first` and `last`: when it happened, and what is asked of that."""
        happening = self._happening(content, shape, path)
        return event_fact(MOMENTS[shape], Selection(happening)), _without(content, {shape, "where"})

    def amount(self, shape: str, content: Mapping[Any, Any], path: Steps) -> tuple[EventFact, dict[Any, Any]]:
        """`sum`, `avg`, `max` and `min`: what a column of the events comes to, and what is asked of that."""
        if "of" not in content:
            raise self._conditions.problem(f"`{shape}` needs the event that it is `of`.", path)
        column = self._events.column(str(content[shape]), self._document.at(*path, shape))
        if column.name not in self._events.numbers():
            raise self._conditions.problem(
                f"`{column.name}` is {column.kind}: it has no `{shape}`.",
                (*path, shape),
                remedy=nearest(column.name, self._events.numbers(), "docs/segments.md"),
            )
        fact = event_fact(AMOUNTS[shape], self._selection(content, "of", path), column)
        return fact, _without(content, {shape, "of", *_EXTENT})

    def _selection(self, content: Mapping[Any, Any], key: str, path: Steps) -> Selection:
        happening = self._happening(content, key, path)
        if key == "did" and "between" in content:
            held = self._between(content, path)
            happening = Happening(happening.event, _sorted([*happening.where, held]))
        sequel = self._sequel(content, path) if key == "did" else None
        window = self._window(content, path)
        self._refuse_too_early(sequel, window, path)
        return Selection(happening, window, sequel)

    def _between(self, content: Mapping[Any, Any], path: Steps) -> Condition:
        moment = self._events.column(OCCURRED_AT, self._document.at(*path, "between"))
        return self._conditions.read(moment, {"between": content["between"]}, path)[0]

    def _window(self, content: Mapping[Any, Any], path: Steps) -> Window:
        within, ago = (self._conditions.duration(content, key, path) for key in ("within_last", "more_than_ago"))
        self._conditions.refuse_impossible(within, ago, path)
        return Window(within, ago)

    def _happening(self, content: Mapping[Any, Any], key: str, path: Steps) -> Happening:
        event = self._events.event(content[key], self._document.at(*path, key))
        where = content.get("where", {})
        if not isinstance(where, dict):
            raise self._conditions.problem("`where` takes columns with what is asked of them.", (*path, "where"))
        held, problems = attempt_all(lambda pair: self._where(*pair, (*path, "where")), where.items())
        if problems:
            raise together(problems)
        return Happening(event, _sorted(condition for conditions in held for condition in conditions))

    def _where(self, name: Any, written: Any, path: Steps) -> tuple[Condition, ...]:
        column = self._events.column(str(name), self._document.at(*path, str(name)))
        shorthand = "in" if isinstance(written, list) else "is"
        asked = written if isinstance(written, dict) else {shorthand: written}
        for key in _WINDOW & set(asked):
            raise self._conditions.problem(
                f"`{key}` stands beside the event, not in its `where`.", (*path, str(name), key)
            )
        return self._conditions.read(column, asked, (*path, str(name)))

    def _sequel(self, content: Mapping[Any, Any], path: Steps) -> Sequel | None:
        keys = [key for key in SEQUELS if key in content]
        if not keys:
            if "within" in content:
                remedy = "For a time before now, write `within_last`."
                raise self._conditions.problem("`within` goes with `then` or `then_not`.", (*path, "within"), remedy)
            return None
        if len(keys) > 1 or "within" not in content:
            raise self._conditions.problem("one of `then` and `then_not` goes with one `within: 24 hours`.", path)
        within = self._conditions.duration(content, "within", path)
        assert within is not None
        if within.is_calendar:
            raise self._conditions.problem("what follows is timed in hours or days.", (*path, "within"))
        return Sequel(self._sequel_happening(content[keys[0]], (*path, keys[0])), within, keys[0] == "then")

    def _sequel_happening(self, written: Any, path: Steps) -> Happening:
        if not isinstance(written, dict):
            return Happening(self._events.event(written, self._document.at(*path)))
        self._refuse_unknown(written, _SEQUEL_KEYS, path)
        if "did" not in written:
            raise self._conditions.problem("what follows is `{did: event, where: {…}}`.", path)
        return self._happening(written, "did", path)

    def _times(self, fact: EventFact, content: Mapping[Any, Any], path: Steps) -> Rule:
        asked = {key: self._count(content[key], (*path, key)) for key in TIMES if key in content}
        least, most, exactly = (asked.get(key) for key in TIMES)
        if exactly is not None and len(asked) > 1:
            raise self._conditions.problem("`exactly` says it all.", (*path, "exactly"))
        if least is not None and most is not None and least > most:
            raise self._conditions.problem(f"nothing happens at least {least} and at most {most} times.", path)
        if exactly is not None:
            return Condition(fact, Operator.IS, exactly)
        # Who has no events at all may have no row: so a count is compared from below only.
        bounds: list[Rule] = [Condition(fact, Operator.AT_LEAST, least)] if least is not None else []
        if most is not None:
            bounds.append(Not(Condition(fact, Operator.MORE_THAN, most)))
        return bounds[0] if len(bounds) == 1 else All(tuple(bounds))

    def _count(self, written: Any, path: Steps) -> int:
        if not isinstance(written, int) or isinstance(written, bool) or not 0 <= written <= MOST_TIMES:
            raise self._conditions.problem(f"`{path[-1]}` takes how many times, up to {MOST_TIMES:,}.", path)
        if written == 0:
            remedy = "That holds for everybody." if path[-1] == "at_least" else "Write `did_not` for never."
            raise self._conditions.problem(f"`{path[-1]}: 0` is no condition on what happened.", path, remedy)
        return written

    def _refuse_too_early(self, sequel: Sequel | None, window: Window, path: Steps) -> None:
        if sequel and not sequel.is_wanted and window.within and nothing_between(sequel.within, window.within):
            raise self._conditions.problem(
                f"within the last {window.within} nothing can have gone {sequel.within} without what follows.",
                (*path, "within_last"),
            )

    def _refuse_unknown(self, content: Mapping[Any, Any], known: frozenset[str], path: Steps) -> None:
        unknown = [
            self._conditions.problem(
                f"`{key}` is not a known key.", (*path, str(key)), nearest(str(key), known, "docs/segments.md")
            )
            for key in content
            if key not in known
        ]
        if unknown:
            raise together(unknown)


def _happened(selection: Selection) -> Rule:
    """Whether any such event is there, asked of a column that is cheap to answer or that others ask too."""
    window, whole = selection.window, Selection(selection.happening)
    if selection.sequel or (window.is_calendar and window.within and window.ago):
        return Condition(event_fact(Aggregate.COUNT, selection), Operator.AT_LEAST, 1)
    if window.is_calendar:
        moment = event_fact(Aggregate.LAST if window.within else Aggregate.FIRST, whole)
        return Condition(calendar_check(moment, window), Operator.IS, True)
    return Condition(happened(selection), Operator.IS, True)


def _sorted(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """In an order of their own, so that equal selections are one column however they are written."""
    return tuple(sorted(conditions, key=lambda each: (each.trait.name, each.operator, repr(each.operand))))


def _without(content: Mapping[Any, Any], keys: set[str]) -> dict[Any, Any]:
    return {key: value for key, value in content.items() if key not in keys}
