"""The declarations themselves as relations, so that SQL can join them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import md5

from sqlglot import exp

from cdp.declarations.audiences import Audience
from cdp.declarations.computed import MASKS_MODEL
from cdp.declarations.operands import hours
from cdp.declarations.segments import Segment
from cdp.declarations.traits import CUSTOMER_KEY
from cdp.segments.canonical import canonical_query
from cdp.segments.literals import text_literal, typed
from cdp.segments.masks import assign_bits, word_column
from cdp.segments.source import DbtSource, Source

_DEFINITIONS = "int_segments__definitions"
_MEMBER = {"segment_name": "varchar", CUSTOMER_KEY: "bigint"}


def segment_definitions(segments: Mapping[str, Segment]) -> exp.Select:
    """One row per segment; `word` and `bit` say where its answer stands, `fingerprint` whether its rule changed."""
    columns = {
        "segment_name": "varchar",
        "kind": "varchar",
        "word": "bigint",
        "bit": "bigint",
        "bit_value": "bigint",
        "fingerprint": "varchar",
        "owner": "varchar",
        "description": "varchar",
    }
    rows: list[list[str | int | None]] = []
    for bit in assign_bits(segments):
        segment = segments[bit.segment]
        fingerprint = rule_fingerprint(segment, segments)
        place = [bit.word, bit.position, bit.value]
        rows.append([bit.segment, segment.kind, *place, fingerprint, segment.owner, segment.description])
    return _literal_rows("segments", columns, rows)


def rule_fingerprint(segment: Segment, segments: Mapping[str, Segment]) -> str:
    """Equal while the segment's rule asks the same; of a hand-written model, while it is the same model."""
    sql = canonical_query(segment, segments, DbtSource()).sql()
    return md5(sql.encode(), usedforsecurity=False).hexdigest()


def former_names(segments: Mapping[str, Segment]) -> exp.Select:
    """One row per name that a segment had before."""
    rows: list[list[str | int | None]] = [
        [former, segment.name] for segment in segments.values() for former in segment.formerly
    ]
    return _literal_rows("renamed", dict.fromkeys(("former_name", "segment_name"), "varchar"), rows)


def audience_definitions(audiences: Mapping[str, Audience]) -> exp.Select:
    """One row per audience; what it does not declare is null."""
    columns = {
        "audience_name": "varchar",
        "segment_name": "varchar",
        "channel": "varchar",
        "purpose": "varchar",
        "message_class": "varchar",
        "cap_messages": "bigint",
        "cap_hours": "bigint",
        "priority_group": "varchar",
        "priority": "bigint",
        "experiment": "varchar",
        "owner": "varchar",
        "description": "varchar",
    }
    return _literal_rows("audiences", columns, [_audience_row(each) for each in audiences.values()])


def _audience_row(audience: Audience) -> list[str | int | None]:
    cap = audience.frequency_cap
    return [
        audience.name,
        audience.segment,
        audience.channel,
        audience.purpose,
        audience.message_class,
        cap.at_most if cap else None,
        hours(cap.within_last) if cap else None,
        audience.priority_group,
        audience.priority,
        audience.experiment_name if audience.is_experiment else None,
        audience.owner,
        audience.description,
    ]


def audience_variants(audiences: Mapping[str, Audience]) -> exp.Select:
    """One row per experiment and variant: its place in the order of variants, and the buckets that it gets."""
    columns = {"experiment": "varchar", "variant": "varchar", "place": "bigint", "buckets": "bigint"}
    experiments = {each.experiment_name: each.buckets for each in audiences.values() if each.is_experiment}
    rows: list[list[str | int | None]] = [
        [experiment, variant, place, buckets]
        for experiment, shares in experiments.items()
        for place, (variant, buckets) in enumerate(shares.items(), start=1)
    ]
    return _literal_rows("variants", columns, rows)


def segment_members(segments: Mapping[str, Segment], source: Source) -> exp.Query:
    """One row per segment and customer in it: the masks in long form."""
    words = sorted({bit.word for bit in assign_bits(segments)})
    queries = [_members_of_word(word, source) for word in words]
    if not queries:
        return _literal_rows("nobody", _MEMBER, [])
    return exp.union(*queries, distinct=False, copy=False) if len(queries) > 1 else queries[0]


def _members_of_word(word: int, source: Source) -> exp.Select:
    masks = exp.alias_(source.relation(MASKS_MODEL), "masks", table=True)
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
