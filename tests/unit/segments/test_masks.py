"""Rules as boxes of buckets: what they become, and that the masks answer what each canonical query answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.segment_world import AS_OF, TRAITS, Tables, contacts, segments
from cdp.declarations.rule import All, AnyOf, Condition, Duration, Leaf, Not, Operator, Rule, leaves
from cdp.declarations.segments import Segment
from cdp.declarations.traits import Kind, Trait
from cdp.segments.canonical import canonical_query
from cdp.segments.definitions import segment_definitions, segment_members
from cdp.segments.masks import masks_query, query
from cdp.segments.masks.axes import Asked, Cuts, axis_of
from cdp.segments.masks.boxes import MOST_BOXES, TooManyBoxesError, boxes_of
from cdp.segments.masks.joints import joints
from cdp.segments.masks.sizes import sizes_query

Run = Callable[[str], list[Any]]
ORDERS, SHARE, CITY = Trait("orders", Kind.WHOLE), Trait("share", Kind.NUMBER), Trait("city", Kind.TEXT)
SEEN = Trait("seen_at", Kind.TIMESTAMP)


def asked(trait: Trait, operator: Operator, operand: Any) -> Condition:
    return Condition(trait, operator, operand)


def boxes(rule: Rule, *beside: Leaf) -> list[Any]:
    return boxes_of(rule, Cuts([*leaves(rule), *beside]))


FEW, MANY = asked(ORDERS, Operator.LESS_THAN, 3), asked(ORDERS, Operator.AT_LEAST, 12)
ROME = asked(CITY, Operator.IS, "Rome")


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        (AnyOf((FEW, MANY)), 1),  # one set of buckets, with a gap
        (AnyOf((FEW, ROME)), 2),
        (AnyOf((All((FEW, ROME)), FEW)), 1),  # the first lies inside the second
        (AnyOf((All((FEW, ROME)), All((MANY, ROME)))), 1),  # they differ on one axis
        (All((FEW, MANY)), 0),
        (Not(All((FEW, ROME))), 2),
        (AnyOf((FEW, Not(FEW))), 1),
    ],
)
def test_alternatives_that_fit_together_are_one_box(rule: Rule, count: int) -> None:
    assert len(boxes(rule)) == count


def test_what_holds_for_everybody_asks_nothing() -> None:
    assert boxes(AnyOf((FEW, Not(FEW)))) == [{}]
    assert boxes(AnyOf((asked(ORDERS, Operator.KNOWN, True), asked(ORDERS, Operator.KNOWN, False)))) == [{}]


def test_a_missing_value_meets_no_condition_but_its_absence() -> None:
    unknown = asked(ORDERS, Operator.KNOWN, False)
    conditions = [FEW, MANY, asked(ORDERS, Operator.IS_NOT, 3), asked(ORDERS, Operator.KNOWN, True)]
    cuts = Cuts([*conditions, unknown])
    _, missing = cuts.where_holds(unknown)
    assert missing == 1 << cuts.size(axis_of(unknown)) - 1
    assert not any(cuts.where_holds(condition)[1] & missing for condition in conditions)


def test_a_window_and_a_date_are_axes_of_their_own() -> None:
    window = asked(SEEN, Operator.WITHIN_LAST, Duration(7, "day"))
    since = asked(SEEN, Operator.AT_LEAST, AS_OF)
    assert axis_of(window) != axis_of(since)
    assert axis_of(asked(SEEN, Operator.MORE_THAN_AGO, Duration(48, "hour"))) == axis_of(window)


def test_numbers_that_floating_point_cannot_tell_apart_are_left_to_the_engine() -> None:
    assert isinstance(axis_of(asked(SHARE, Operator.IS, 2**53)), Asked)
    assert not isinstance(axis_of(asked(ORDERS, Operator.IS, 2**53)), Asked)


def multiplying(pairs: int) -> Rule:
    """Either of two, so many times: twice as many boxes each time."""
    traits = [(Trait(f"left_{n}", Kind.WHOLE), Trait(f"right_{n}", Kind.WHOLE)) for n in range(pairs)]
    return All(tuple(AnyOf(tuple(asked(each, Operator.AT_LEAST, 1) for each in pair)) for pair in traits))


def test_alternatives_that_multiply_are_refused_before_they_are_written_out() -> None:
    assert len(boxes(multiplying(4))) == MOST_BOXES
    with pytest.raises(TooManyBoxesError):
        boxes(multiplying(40))


@pytest.fixture(scope="module")
def embedded() -> Iterator[Run]:
    with duckdb.connect() as connection:
        connection.execute(f"create table dim_customer_traits as {contacts(2_000)}")
        yield lambda sql: connection.execute(sql).fetchall()


@pytest.fixture
def server(postgres_database: str, embedded: Run) -> Iterator[Run]:
    import psycopg2

    types = {Kind.WHOLE: "bigint", Kind.NUMBER: "float8", Kind.TEXT: "varchar", Kind.YES_NO: "boolean"}
    columns = ", ".join(f"{trait.name} {types.get(trait.kind, 'timestamp')}" for trait in TRAITS)
    with closing(psycopg2.connect(postgres_database)) as connection, connection.cursor() as cursor:
        cursor.execute(f"create table dim_customer_traits (customer_id bigint, {columns})")
        places = ", ".join(["%s"] * (1 + len(TRAITS)))
        cursor.executemany(
            f"insert into dim_customer_traits values ({places})",
            embedded("from dim_customer_traits where customer_id < 200"),
        )

        def run(sql: str) -> list[Any]:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

        yield run


def check(run: Run, declared: dict[str, Segment], dialect: str) -> None:
    """The masks, in long form and counted, say what each canonical query says."""
    tables = Tables()
    models = {
        "int_segments__masks": masks_query(declared, tables),
        "int_segments__definitions": segment_definitions(declared),
    }
    for name, statement in models.items():
        run(f"drop table if exists {name}")
        # As the models are written: in no engine's own dialect.
        run(f"create table {name} as {statement.sql(pretty=True, normalize_functions='lower')}")
    expected = {
        (name, customer)
        for name, segment in declared.items()
        for (customer,) in run(canonical_query(segment, declared, tables).sql(dialect=dialect))
    }
    assert set(run(segment_members(declared, tables).sql(dialect=dialect))) == expected
    words = len(run("select distinct word from int_segments__definitions"))
    sizes = {name: sum(each == name for each, _ in expected) for name in declared}
    assert dict(run(sizes_query(words, tables).sql(dialect=dialect))) == sizes


def test_the_masks_answer_what_each_query_answers(embedded: Run) -> None:
    check(embedded, segments(150), "duckdb")


def test_the_masks_answer_alike_on_postgres(server: Run) -> None:
    check(server, segments(70), "postgres")


def test_a_rule_that_multiplies_is_answered_by_its_predicate(embedded: Run) -> None:
    rng = random.Random(3)
    leaves_of = [leaf for segment in segments(40).values() for leaf in leaves(segment.definition)]  # type: ignore[arg-type]
    wide = All(tuple(AnyOf(tuple(rng.sample(leaves_of, 3))) for _ in range(6)))
    declared = segments(5) | {"wide": Segment("wide", "…", "crm", Path("wide.yml"), AnyOf((wide, Not(wide.rules[0]))))}
    with pytest.raises(TooManyBoxesError):
        boxes_of(declared["wide"].definition, Cuts(leaves_of))  # type: ignore[arg-type]
    check(embedded, declared, "duckdb")


def test_words_that_need_too_many_columns_are_answered_in_parts(embedded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_AXES", 29)
    declared = segments(150)
    assert masks_query(declared, Tables()).sql().count("JOIN part_") == 2
    check(embedded, declared, "duckdb")


@pytest.mark.parametrize("values", [(0, 3), (-5, 2, 9, 11), (1, 2, 3, 4), (-(2**63), 2**63 - 1), (7, 7_000, 70_000)])
def test_whole_numbers_are_found_on_either_side_of_every_value(embedded: Run, values: tuple[int, ...]) -> None:
    comparisons = [Operator.AT_LEAST, Operator.MORE_THAN, Operator.IS, Operator.IS_NOT]
    asked_of = [asked(TRAITS[0], operator, value) for value in values for operator in comparisons]
    declared = {
        f"segment_{n}": Segment(f"segment_{n}", "…", "crm", Path("a.yml"), rule) for n, rule in enumerate(asked_of)
    }
    drawn = {value + step for value in values for step in (-1, 0, 1) if -(2**63) <= value + step < 2**63}
    rows = ", ".join(f"({n}, {value})" for n, value in enumerate(["null", *sorted(drawn)]))
    embedded("alter table dim_customer_traits rename to everybody")
    try:
        embedded(
            "create table dim_customer_traits as select n as customer_id, cast(v as bigint) as trait_1 "
            f"from (values {rows}) as drawn (n, v)"
        )
        check(embedded, declared, "duckdb")
    finally:
        embedded("drop table if exists dim_customer_traits")
        embedded("alter table everybody rename to dim_customer_traits")


def test_axes_are_looked_up_together_as_far_as_they_fit() -> None:
    whole = [Trait(f"number_{n}", Kind.WHOLE) for n in range(6)]
    cuts = Cuts(asked(trait, Operator.AT_LEAST, value) for trait in whole for value in range(1, 6))
    together = joints(list(cuts), cuts, words=2)
    assert [joint.size(cuts) for joint in together] == [49, 49, 49]  # of at most 128 places
    assert {axis for joint in together for axis in joint.axes} == set(cuts)
    assert all(len(joint.axes) == 1 for joint in joints(list(cuts), cuts, words=1))
