"""The statement that answers all segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, groupby, product
from operator import and_

from sqlglot import exp

from cdp.declarations.rule import Membership, Rule, leaves
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY, TRAITS_MODEL
from cdp.errors import Location
from cdp.segments.literals import typed
from cdp.segments.masks.axes import Asked, Axis, Cuts
from cdp.segments.masks.bits import assign_bits, word_column
from cdp.segments.masks.boxes import Box, TooManyBoxesError, boxes_of
from cdp.segments.masks.buckets import array, asked_in, bucket_number
from cdp.segments.masks.joints import Joint, joints
from cdp.segments.predicates import TRAITS, LeafSql, combine, customers, written_out
from cdp.segments.source import Source

MOST_AXES = 1_000  # PostgreSQL allows 1,664 columns


def masks_query(segments: Mapping[str, Segment], source: Source) -> exp.Select:
    """One row per customer: `customer_id, word_0, word_1, …`."""
    rules = {name: asked_rule(segment, segments) for name, segment in segments.items()}
    cuts = Cuts(chain.from_iterable(map(leaves, rules.values())))
    boxes = {name: _boxes(rule, cuts) for name, rule in rules.items()}
    words = [
        Word(number, [(bit.value, boxes[bit.segment]) for bit in bits])
        for number, bits in groupby(assign_bits(segments), key=lambda bit: bit.word)
    ]
    return _Statement(cuts, LeafSql(segments, source), source).of(words or [Word(0, [])])


def asked_rule(segment: Segment, segments: Mapping[str, Segment]) -> Rule:
    """The rule of a segment, references written out; of a hand-written model, being in it."""
    if isinstance(segment.definition, ModelReference):
        return Membership(segment.name, where=Location(segment.file))
    return written_out(segment.definition, segments)


def _boxes(rule: Rule, cuts: Cuts) -> list[Box]:
    try:
        return boxes_of(rule, cuts)
    except TooManyBoxesError:
        return [{Asked(rule): 0b10}]


@dataclass(frozen=True, slots=True)
class Word:
    """The boxes of up to 62 segments, each segment beside the value of its bit."""

    number: int
    answers: Sequence[tuple[int, Sequence[Box]]]

    def axes(self) -> dict[Axis, None]:
        """Every axis that a box of the word is on, in their order."""
        return dict.fromkeys(axis for _, boxes in self.answers for box in boxes for axis in box)

    def layers(self) -> list[list[tuple[int, Box]]]:
        """The first boxes of all segments, the second ones, and so on: a customer is in any of them."""
        deepest = max((len(boxes) for _, boxes in self.answers), default=0)
        return [[(bit, boxes[place]) for bit, boxes in self.answers if place < len(boxes)] for place in range(deepest)]


class _Statement:
    def __init__(self, cuts: Cuts, leaf_sql: LeafSql, source: Source) -> None:
        self._cuts, self._leaf_sql, self._source = cuts, leaf_sql, source

    def of(self, words: Sequence[Word]) -> exp.Select:
        parts = [self._part(f"part_{number}", words) for number, words in enumerate(_parts(words), start=1)]
        first = parts[0].name
        query = exp.select(exp.column(CUSTOMER_KEY, table=first)).from_(exp.to_table(first))
        for part in parts[1:]:
            same = exp.EQ(
                this=exp.column(CUSTOMER_KEY, table=first), expression=exp.column(CUSTOMER_KEY, table=part.name)
            )
            query = query.join(exp.to_table(part.name), on=same, join_type="inner")
        for part in parts:
            query = query.with_(part.name, part.buckets, copy=False)
        return query.select(*chain.from_iterable(part.words for part in parts), copy=False)

    def _part(self, name: str, words: Sequence[Word]) -> _Part:
        axes = dict.fromkeys(chain.from_iterable(word.axes() for word in words))
        together = joints(axes, self._cuts, len(words))
        columns = {joint: exp.column(f"bucket_{number}", table=name) for number, joint in enumerate(together, start=1)}
        numbers = [
            typed(joint.number(self._cuts, self._bucket_number), "bigint", column.name)
            for joint, column in columns.items()
        ]
        models = dict.fromkeys(trait.model for axis in axes for trait in asked_in(axis) if trait.model != TRAITS_MODEL)
        buckets = customers(self._source, beside=models).select(
            exp.column(CUSTOMER_KEY, table=TRAITS), *numbers, copy=False
        )
        answers = [typed(self._word(word, columns), "bigint", word_column(word.number)) for word in words]
        return _Part(name, buckets, answers)

    def _bucket_number(self, axis: Axis) -> exp.Expr:
        return bucket_number(axis, self._cuts, lambda rule: combine(rule, self._leaf_sql))

    def _word(self, word: Word, columns: Mapping[Joint, exp.Column]) -> exp.Expr:
        layers: list[exp.Expr] = [exp.paren(self._layer(layer, columns), copy=False) for layer in word.layers()]
        nobody = exp.Literal.number(0)
        return reduce(lambda left, right: exp.BitwiseOr(this=left, expression=right), layers) if layers else nobody

    def _layer(self, boxes: Sequence[tuple[int, Box]], columns: Mapping[Joint, exp.Column]) -> exp.Expr:
        """The AND, over all joints, of the bits whose boxes hold the customer's buckets."""
        axes = {axis for _, box in boxes for axis in box}
        looked_up = [
            _element(_bits(boxes, joint, self._cuts), column)
            for joint, column in columns.items()
            if not axes.isdisjoint(joint.axes)
        ]
        if not looked_up:
            return exp.Literal.number(sum(bit for bit, _ in boxes))
        return reduce(lambda left, right: exp.BitwiseAnd(this=left, expression=right), looked_up)


@dataclass(frozen=True, slots=True)
class _Part:
    """As many words as fit into the columns of one relation."""

    name: str
    buckets: exp.Select
    words: list[exp.Expr]


def _parts(words: Iterable[Word]) -> list[list[Word]]:
    parts: list[list[Word]] = []
    axes: set[Axis] = set()
    for word in words:
        if not parts or len(axes | word.axes().keys()) > MOST_AXES:
            parts.append([])
            axes = set()
        parts[-1].append(word)
        axes |= word.axes().keys()
    return parts


def _bits(boxes: Sequence[tuple[int, Box]], joint: Joint, cuts: Cuts) -> Iterator[int]:
    """For one place after the other, the bits whose boxes hold its buckets."""
    by_axis = [
        [sum(bit for bit, box in boxes if box.get(axis, -1) >> bucket & 1) for bucket in range(cuts.size(axis))]
        for axis in joint.axes
    ]
    return (reduce(and_, bits) for bits in product(*by_axis))


def _element(numbers: Iterable[int], place: exp.Column) -> exp.Expr:
    """`(ARRAY[4, 0, 4])[place]`."""
    return exp.Bracket(this=exp.paren(array(map(str, numbers)), copy=False), expressions=[place.copy()])
