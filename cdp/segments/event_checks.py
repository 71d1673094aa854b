"""Whether anything happened, for many questions at once: each event looks its bits up, a customer's bits are their OR.

The type of an event and the spans before `as_of` that it lies within make a cell. A word of bits is looked up by the
cell's number, so an event costs the same however many questions there are; `where` takes a look-up of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce

from sqlglot import exp

from cdp.declarations.computed import Happened, Window
from cdp.declarations.events import EVENT_TYPE
from cdp.declarations.operands import hours
from cdp.declarations.rule import Condition, Duration
from cdp.segments.literals import text_literal, typed
from cdp.segments.masks.bits import WORD_BITS
from cdp.segments.predicates import AS_OF, CLOCK, compare
from cdp.segments.selections import EVENTS, moment_of

CELL, FIRST_CELL, KINDS = "cell", "first_cell", "kinds"
NOW = exp.column(AS_OF, table=EVENTS)
Where = tuple[Condition, ...]


class Checks:
    """The questions, each with a bit of a word."""

    def __init__(self, asked: Iterable[Happened]) -> None:
        # Side by side, those with the same `where` share a look-up.
        self._asked = sorted(asked, key=lambda each: (repr(each.selection.happening.where), each.name))
        self._types = sorted({each.selection.happening.event for each in self._asked})
        # The nearest start first: an event lies before as many starts as its bucket says.
        spans = {span for each in self._asked for span in _spans(each.selection.window)}
        self._spans = sorted(spans, key=lambda span: (hours(span), span.unit))
        self._buckets = len(self._spans) + 1

    def __bool__(self) -> bool:
        return bool(self._asked)

    def kinds(self, types: Iterable[str]) -> exp.Values:
        """One row per event type of `types`: where its cells begin, null for one that nothing here asks."""
        first = {name: exp.Literal.number(1 + number * self._buckets) for number, name in enumerate(self._types)}
        rows = [exp.Tuple(expressions=[text_literal(name), first.get(name, exp.null())]) for name in types]
        columns = [exp.to_identifier(EVENT_TYPE), exp.to_identifier(FIRST_CELL)]
        return exp.Values(expressions=rows, alias=exp.TableAlias(this=exp.to_identifier(KINDS), columns=columns))

    def cell(self) -> exp.Expr:
        """The column of an event, beside its kind, that the words are looked up by."""
        terms: list[exp.Expr] = [exp.column(FIRST_CELL, table=KINDS), *map(_is_before, self._spans)]
        return exp.alias_(reduce(lambda left, right: exp.Add(this=left, expression=right), terms), CELL, copy=False)

    def words(self) -> Iterator[exp.Expr]:
        """The aggregates over a customer's events."""
        for number in range(0, len(self._asked), WORD_BITS):
            looked_up = self._looked_up(self._asked[number : number + WORD_BITS])
            bits = reduce(lambda left, right: exp.BitwiseOr(this=left, expression=right), looked_up)
            yield typed(exp.func("bit_or", bits), "bigint", _word(number))

    def answers(self, table: str) -> Iterator[exp.Expr]:
        """Each question's column, from the words in `table`."""
        for number, each in enumerate(self._asked):
            word, bit = exp.column(_word(number), table=table), exp.Literal.number(1 << number % WORD_BITS)
            is_set = exp.NEQ(
                this=exp.paren(exp.BitwiseAnd(this=word, expression=bit)), expression=exp.Literal.number(0)
            )
            yield exp.alias_(is_set, each.name, copy=False)

    def _looked_up(self, asked: Sequence[Happened]) -> Iterator[exp.Expr]:
        """The bits that an event sets: those without a `where`, and for each `where` those of events it holds for."""
        bits: dict[Where, dict[Happened, int]] = defaultdict(dict)
        for position, each in enumerate(asked):
            bits[each.selection.happening.where][each] = 1 << position
        for where, values in bits.items():
            cells = exp.var(f"ARRAY[{', '.join(map(str, self._by_cell(values)))}]")
            place = exp.column(CELL, table=EVENTS)
            found = exp.Bracket(this=exp.paren(cells, copy=False), expressions=[place])
            yield exp.paren(_only(where, found) if where else found, copy=False)

    def _by_cell(self, values: dict[Happened, int]) -> Iterator[int]:
        for name in self._types:
            own = {each.selection.window: 0 for each in values if each.selection.happening.event == name}
            for each, bit in values.items():
                if each.selection.happening.event == name:
                    own[each.selection.window] |= bit
            for bucket in range(self._buckets):
                yield sum(bit for window, bit in own.items() if self._holds(window, bucket))

    def _holds(self, window: Window, bucket: int) -> bool:
        within = window.within is None or bucket <= self._place(window.within)
        return within and (window.ago is None or bucket > self._place(window.ago))

    def _place(self, span: Duration) -> int:
        return [hours(each) for each in self._spans].index(hours(span))


def start_column(span: Duration) -> exp.Column:
    """The moment beside each event at which a span before `as_of` starts."""
    name = f"days_{span.count}" if span.is_calendar else f"start_{span.count}_{span.unit}s"
    return exp.column(name, table=EVENTS)


def _only(where: Where, bits: exp.Expr) -> exp.Expr:
    held = [compare(each, exp.column(each.trait.name, table=EVENTS), NOW.copy()) for each in where]
    return exp.Case(ifs=[exp.If(this=exp.and_(*held, copy=False), true=bits)], default=exp.Literal.number(0))


def _is_before(span: Duration) -> exp.Expr:
    """1 for an event before the span's start, else 0."""
    start = exp.column(start_column(span).name, table=CLOCK)
    return exp.cast(exp.LT(this=moment_of(), expression=start), "int", copy=False)


def _spans(window: Window) -> Iterable[Duration]:
    return (span for span in (window.within, window.ago) if span)


def _word(number: int) -> str:
    return f"word_{number // WORD_BITS}"
