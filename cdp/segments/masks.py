"""All rule segments in one pass over the customers: a bit each, 62 to a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, groupby

from sqlglot import exp

from cdp.declarations.rule import Condition, Leaf, Rule, leaves
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY
from cdp.segments.literals import typed
from cdp.segments.predicates import TRAITS, LeafSql, combine, customers, written_out
from cdp.segments.source import Source

WORD_BITS = 62  # a signed 64-bit integer holds 63; one stays free so that a sum of bits never overflows
MOST_SHARED = 1_000  # PostgreSQL allows 1,664 columns
SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Bit:
    """Where a rule segment's answer stands in this build. Bits shift when segments come and go."""

    segment: str
    word: int
    value: int


def assign_bits(segments: Mapping[str, Segment]) -> list[Bit]:
    """A bit for each rule segment, in the order of names."""
    rules = sorted(name for name, segment in segments.items() if segment.kind == "rule")
    return [Bit(name, position // WORD_BITS, 1 << position % WORD_BITS) for position, name in enumerate(rules)]


def word_column(word: int) -> str:
    return f"word_{word}"


def masks_query(segments: Mapping[str, Segment], source: Source) -> exp.Select:
    """One row per customer: `customer_id, word_0, word_1, …`. A condition that is asked twice is answered once."""
    rules = {
        name: written_out(segment.definition, segments)
        for name, segment in segments.items()
        if not isinstance(segment.definition, ModelReference)
    }
    leaf_sql = LeafSql(segments, source)
    shared = {leaf: f"_shared_{number}" for number, leaf in enumerate(_shared(rules), start=1)}

    def leaf(asked: Leaf) -> exp.Expr:
        return exp.column(shared[asked], table=TRAITS) if asked in shared else leaf_sql(asked)

    words = [
        typed(_word([(bit, combine(rules[bit.segment], leaf)) for bit in bits]), "bigint", word_column(word))
        for word, bits in groupby(assign_bits(segments), key=lambda bit: bit.word)
    ] or [typed(exp.Literal.number(0), "bigint", word_column(0))]
    answered = customers(source).select(
        exp.column(CUSTOMER_KEY, table=TRAITS),
        *(exp.column(name, table=TRAITS) for name in _traits_read(rules, shared)),
        *(exp.alias_(leaf_sql(asked), name, copy=False) for asked, name in shared.items()),
    )
    query = customers(source, exp.to_table(SHARED)).select(exp.column(CUSTOMER_KEY, table=TRAITS), *words)
    return query.with_(SHARED, answered, copy=False)


def _shared(rules: Mapping[str, Rule]) -> list[Leaf]:
    """The leaves asked more than once, the most often asked first."""
    asked = Counter(chain.from_iterable(map(leaves, rules.values())))
    return [leaf for leaf, times in asked.most_common(MOST_SHARED) if times > 1]


def _traits_read(rules: Mapping[str, Rule], shared: Mapping[Leaf, str]) -> list[str]:
    """The traits that leaves outside `shared` still read, by name."""
    asked = chain.from_iterable(map(leaves, rules.values()))
    return sorted({leaf.trait.name for leaf in asked if isinstance(leaf, Condition) and leaf not in shared})


def _word(answers: Sequence[tuple[Bit, exp.Expr]]) -> exp.Expr:
    terms = [_term(bit, predicate) for bit, predicate in answers]
    return reduce(lambda left, right: exp.Add(this=left, expression=right), terms)


def _term(bit: Bit, predicate: exp.Expr) -> exp.Expr:
    case = exp.Case(ifs=[exp.If(this=predicate, true=exp.Literal.number(bit.value))], default=exp.Literal.number(0))
    case.add_comments([bit.segment])
    return case
