"""How many customers each segment has, counted from the masks."""

from __future__ import annotations

from sqlglot import exp

from cdp.declarations.computed import MASKS_MODEL
from cdp.segments.masks.bits import WORD_BITS, word_column
from cdp.segments.source import Source

_SLICE = 16  # so many bits have few enough values to group by, and a word few enough slices
_DEFINITIONS = "int_segments__definitions"


def sizes_query(words: int, source: Source) -> exp.Select:
    """One row per segment: `segment_name, members`. `words` is how many words the masks have.

    Customers are counted by what a slice of a word holds; only these counts are taken apart into bits.
    """
    slices = [_slice(word, start, source) for word in range(words) for start in range(0, WORD_BITS, _SLICE)]
    counted = exp.union(*slices, distinct=False, copy=False).subquery("counted")
    has_bit = exp.BitwiseAnd(this=exp.column("bits", "counted"), expression=exp.column("bit_value", "definitions"))
    same_word = exp.EQ(this=exp.column("word", "counted"), expression=exp.column("word", "definitions"))
    is_member = exp.NEQ(this=exp.paren(has_bit), expression=exp.Literal.number(0))
    members = exp.Coalesce(this=exp.Sum(this=exp.column("members", "counted")), expressions=[exp.Literal.number(0)])
    name = exp.column("segment_name", "definitions")
    return (
        exp.select(name, exp.alias_(exp.cast(members, "bigint"), "members"))
        .from_(exp.alias_(source.relation(_DEFINITIONS), "definitions", table=True))
        .join(counted, on=exp.and_(same_word, is_member), join_type="left")
        .group_by(name.copy())
    )


def _slice(word: int, start: int, source: Source) -> exp.Select:
    mask = sum(1 << bit for bit in range(start, min(start + _SLICE, WORD_BITS)))
    bits = exp.BitwiseAnd(this=exp.column(word_column(word)), expression=exp.Literal.number(mask))
    number = exp.cast(exp.Literal.number(word), "bigint")
    members = exp.Count(this=exp.Star())
    return (
        exp.select(exp.alias_(number, "word"), exp.alias_(bits, "bits"), exp.alias_(members, "members"))
        .from_(source.relation(MASKS_MODEL))
        .group_by(bits.copy())
    )
