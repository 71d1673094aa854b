"""Recall over the pairs that evidence connects, beside a graph library."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import networkx as nx
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.demo.reach import ReachScore, reach_score

Row = tuple[int, int, list[int]]


def scored(records: Sequence[Row]) -> ReachScore:
    """`records`: person, customer and the values shown, of each."""
    keys = [str(number) for number in range(len(records))]
    assignments = pa.table({"record_key": pa.array(keys, pa.string()), "customer": [c for _, c, _ in records]})
    truth = pa.table({"record_key": pa.array(keys, pa.string()), "person_id": [p for p, _, _ in records]})
    shown = [(key, str(value)) for key, (_, _, values) in zip(keys, records, strict=True) for value in values]
    evidence = pa.table(
        {
            "record_key": pa.array([key for key, _ in shown], pa.string()),
            "identifier_type": pa.array(["email"] * len(shown), pa.string()),
            "identifier_value": pa.array([value for _, value in shown], pa.string()),
        }
    )
    return reach_score(assignments, truth, evidence)


def test_a_record_that_shows_nothing_is_out_of_reach() -> None:
    assert scored([(1, 1, [5]), (1, 1, [5]), (1, 2, [])]) == ReachScore(agreed=1, true=1)


def test_what_two_people_share_connects_neither_of_them() -> None:
    assert scored([(1, 1, [5]), (2, 2, [5, 6]), (1, 3, [6])]) == ReachScore(agreed=0, true=0)


def test_a_chain_is_followed_to_its_end() -> None:
    chain = [(1, number % 2, [number, number + 1]) for number in range(200)]
    assert scored(chain) == ReachScore(agreed=2 * (100 * 99 // 2), true=200 * 199 // 2)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.lists(st.integers(0, 5), max_size=3)),
        min_size=1,
        max_size=10,
    )
)
def test_reach_is_what_the_graph_says(records: list[Row]) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(len(records)))
    for number, (person, _, values) in enumerate(records):
        graph.add_edges_from((number, (person, value)) for value in values)
    pairs = [(a, b) for a, b in combinations(range(len(records)), 2) if nx.has_path(graph, a, b)]
    agreed = sum(records[a][1] == records[b][1] for a, b in pairs)
    assert scored(records) == ReachScore(agreed=agreed, true=len(pairs))
