"""The declarations themselves as relations, so that SQL can join them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from cdp.declarations.audiences import Audience
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY
from cdp.segments.literals import text_literal, typed
from cdp.segments.masks import Bit, assign_bits, word_column
from cdp.segments.source import Source

_DEFINITIONS, _MASKS = "int_segments__definitions", "int_segments__rule_masks"
_MEMBER = {"segment_name": "varchar", CUSTOMER_KEY: "bigint"}


def segment_definitions(segments: Mapping[str, Segment]) -> exp.Select:
    """One row per segment; `word` and `bit_value` say where a rule's answer stands, and are null for a model."""
    bits = {bit.segment: bit for bit in assign_bits(segments)}
    columns = {
        "segment_name": "varchar",
        "kind": "varchar",
        "word": "bigint",
        "bit_value": "bigint",
        "owner": "varchar",
        "description": "varchar",
    }
    return _literal_rows(
        "segments", columns, [_segment_row(segment, bits.get(name)) for name, segment in segments.items()]
    )


def _segment_row(segment: Segment, bit: Bit | None) -> list[str | int | None]:
    word, bit_value = (bit.word, bit.value) if bit else (None, None)
    return [segment.name, segment.kind, word, bit_value, segment.owner, segment.description]


def audience_definitions(audiences: Mapping[str, Audience]) -> exp.Select:
    """One row per audience."""
    columns = dict.fromkeys(("audience_name", "segment_name", "channel", "purpose", "owner", "description"), "varchar")
    rows: list[list[str | int | None]] = [
        [each.name, each.segment, each.channel, each.purpose, each.owner, each.description]
        for each in audiences.values()
    ]
    return _literal_rows("audiences", columns, rows)


def model_members(segments: Mapping[str, Segment], source: Source) -> exp.Query:
    """One row per segment and customer that a hand-written model lists."""
    return _together([_listed(segment, source) for segment in segments.values() if segment.kind == "model"])


def rule_members(segments: Mapping[str, Segment], source: Source) -> exp.Query:
    """One row per rule segment and customer in it: the masks in long form."""
    words = sorted({bit.word for bit in assign_bits(segments)})
    return _together([_members_of_word(word, source) for word in words])


def _listed(segment: Segment, source: Source) -> exp.Select:
    assert isinstance(segment.definition, ModelReference)
    name = typed(text_literal(segment.name), "varchar", "segment_name")
    return exp.select(name, CUSTOMER_KEY).from_(source.relation(segment.definition.model))


def _members_of_word(word: int, source: Source) -> exp.Select:
    masks = exp.alias_(source.relation(_MASKS), "masks", table=True)
    definitions = exp.alias_(source.relation(_DEFINITIONS), "definitions", table=True)
    mask, bit_value = exp.column(word_column(word), "masks"), exp.column("bit_value", "definitions")
    is_member = exp.NEQ(
        this=exp.paren(exp.BitwiseAnd(this=mask, expression=bit_value)), expression=exp.Literal.number(0)
    )
    in_word = exp.EQ(this=exp.column("word", "definitions"), expression=exp.Literal.number(word))
    return (
        exp.select(exp.column("segment_name", "definitions"), exp.column(CUSTOMER_KEY, "masks"))
        .from_(masks)
        .join(definitions, on=exp.and_(in_word, is_member), join_type="inner")
    )


def _together(queries: Sequence[exp.Select]) -> exp.Query:
    if not queries:
        return _literal_rows("nobody", _MEMBER, [])
    return exp.union(*queries, distinct=False, copy=False) if len(queries) > 1 else queries[0]


def _literal_rows(name: str, columns: Mapping[str, str], rows: Sequence[Sequence[str | int | None]]) -> exp.Select:
    """A typed relation of literals; without rows, still a relation."""
    tuples = [exp.Tuple(expressions=[_cell(value) for value in row]) for row in rows or [[None] * len(columns)]]
    alias = exp.TableAlias(this=exp.to_identifier(name), columns=[exp.to_identifier(column) for column in columns])
    query = exp.select(*(typed(exp.column(column), type_, column) for column, type_ in columns.items())).from_(
        exp.Values(expressions=tuples, alias=alias)
    )
    return query if rows else query.where("1 = 0")


def _cell(value: str | int | None) -> exp.Expr:
    if value is None:
        return exp.null()
    return text_literal(value) if isinstance(value, str) else exp.Literal.number(value)
