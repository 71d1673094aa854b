"""Average linkage in rounds gives what merging the best two, one after the other, gives."""

from __future__ import annotations

from itertools import combinations

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.macros import Macros

MACROS = REPOSITORY / "dbt_project" / "macros"
FILES = [
    MACROS / "identity" / "connected_components.sql",
    MACROS / "identity" / "matching" / "linked_clusters.sql",
    MACROS / "identity" / "matching" / "match_weights.sql",
]
Pairs = dict[tuple[str, str], float]
Clusters = set[frozenset[str]]


def linked(pairs: Pairs, lone_records: int = 0, *, passes: int = 2, repeats: Pairs | None = None) -> Clusters:
    """Clusters of several records that the macros find among the records of `pairs` and some that nobody is like.

    What a record is called ends with its source. Of `repeats`, the second says the same as the first.
    """
    with duckdb.connect() as engine:
        macros = Macros(FILES, lambda sql: engine.execute(sql).fetchall())
        rows = [
            {"a": a, "b": b, "weight": weight, "is_repeat": given is not pairs}
            for given in (pairs, repeats or {})
            for (a, b), weight in given.items()
        ]
        engine.register("given", pa.Table.from_pylist(rows))
        engine.execute(
            "create table pairs as select a, b, cast(weight as decimal(18, 6)) as weight, is_repeat from given"
        )
        engine.execute("create table records as select a as record_key from pairs union select b from pairs")
        engine.execute(
            "insert into records "
            "select 'lone ' || i || case when i % 2 = 0 then ' crm' else ' shop' end from range(?) as lone(i)",
            [lone_records],
        )
        engine.execute("alter table records add column source_name varchar")
        engine.execute("update records set source_name = split_part(record_key, ' ', -1)")
        if passes == 2:
            table = macros.link_clusters("select * from pairs", "c", "records")
        else:
            members = macros.scratch_table("alone", macros.beginnings_sql("pairs"))
            links = macros.scratch_table("links", "select a, b, weight as total, 1 as pairs from pairs")
            table = macros.merge_rounds("c", members, links, 1)["members"]
        found = engine.execute(f"select list(record_key) from {table} group by cluster_key").fetchall()
    return {frozenset(members) for (members,) in found if len(members) > 1}


def merged_one_by_one(pairs: Pairs) -> Clusters:
    clusters = [frozenset([record]) for record in sorted({record for pair in pairs for record in pair})]

    def mean(one: frozenset[str], other: frozenset[str]) -> float:
        between = [pairs[min(a, b), max(a, b)] for a in one for b in other]
        return sum(between) / len(between)

    while len(clusters) > 1:
        best = max(combinations(clusters, 2), key=lambda pair: mean(*pair))
        if mean(*best) <= 0:
            break
        clusters = [cluster for cluster in clusters if cluster not in best] + [best[0] | best[1]]
    return {cluster for cluster in clusters if len(cluster) > 1}


@st.composite
def all_pairs(draw: st.DrawFn) -> Pairs:
    """A weight for every two of a few records, no two weights alike."""
    records = "abcdefg"[: draw(st.integers(2, 7))]
    pairs = list(combinations(records, 2))
    weights = draw(st.lists(st.integers(-2_000, 2_000), min_size=len(pairs), max_size=len(pairs), unique=True))
    return {pair: weight / 100 + 0.003 for pair, weight in zip(pairs, weights, strict=True)}


@settings(max_examples=25, deadline=None)
@given(pairs=all_pairs())
def test_rounds_find_what_one_by_one_finds(pairs: Pairs) -> None:
    assert linked(pairs, passes=1) == merged_one_by_one(pairs)


def test_one_likely_pair_does_not_join_what_all_others_keep_apart() -> None:
    family = {("a", "b"): 9.0, ("c", "d"): 9.0, ("b", "c"): 3.0}
    apart = {("a", "c"): -8.0, ("a", "d"): -8.0, ("b", "d"): -8.0}
    assert linked(family | apart) == {frozenset("ab"), frozenset("cd")}


def test_who_is_hardly_ever_alone_is_joined_with_what_is_most_like_them() -> None:
    joined = {(f"{number:02d} crm", f"{number:02d} shop"): 9.0 for number in range(20)}
    doubtful = {("x crm", "y shop"): -3.0}
    assert frozenset(("x crm", "y shop")) in linked(joined | doubtful)
    assert frozenset(("x crm", "y shop")) not in linked(joined | doubtful, lone_records=400)


def test_a_source_whose_records_are_often_alone_claims_nobody() -> None:
    joined = {(f"{number:02d} crm", f"{number:02d} shop"): 9.0 for number in range(20)}
    doubtful = {("19 shop", "x crm"): -3.0, ("19 crm", "x crm"): -3.0}
    everybody = frozenset(("19 crm", "19 shop", "x crm"))
    assert everybody in linked(joined | doubtful)
    assert everybody not in linked(joined | doubtful, lone_records=80)


def test_several_records_of_one_source_are_claimed_like_one() -> None:
    joined = {(f"{number:02d} crm", f"{number:02d} shop"): 9.0 for number in range(40)}
    twice = {("x shop", "y shop"): 9.0, ("39 crm", "x shop"): -2.0, ("39 crm", "y shop"): -2.0}
    twice |= {("39 shop", "x shop"): -2.0, ("39 shop", "y shop"): -2.0}
    assert frozenset(("39 crm", "39 shop", "x shop", "y shop")) in linked(joined | twice)


def test_very_many_who_say_the_same_are_as_one() -> None:
    alike = {("b", f"c{number:04}"): 12.0 for number in range(1_000)}
    found = linked({("a", "b"): 3.0, ("b", "d"): -3.0}, repeats=alike)
    assert found == {frozenset(["a", "b", *(key for _, key in alike)])}


def test_who_say_the_same_but_too_little_stay_by_themselves() -> None:
    alike = {("b", f"c{number}"): -1.0 for number in range(100)}
    assert linked({("a", "b"): 3.0}, repeats=alike) == {frozenset("ab")}


def test_nothing_likely_links_nobody() -> None:
    assert linked({("a", "b"): -9.0}, lone_records=50) == set()
