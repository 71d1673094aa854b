"""The path between two records: as short as can be, and by the strongest links."""

from __future__ import annotations

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.identity.explaining.path import strongest_path
from tests.doubles.identity_links import link


def test_the_path_names_what_both_ends_of_each_hop_show() -> None:
    links = [link("a", "x"), link("b", "x"), link("b", "y"), link("c", "y")]
    path = strongest_path(links, "a", "c")
    assert path is not None
    assert [(hop.near.record_key, hop.near.hub, hop.far.record_key) for hop in path] == [
        ("a", "x", "b"),
        ("b", "y", "c"),
    ]


def test_a_suppressed_link_leads_nowhere() -> None:
    assert strongest_path([link("a", "x"), link("b", "x", reason="blocked value")], "a", "b") is None


def test_of_two_short_paths_the_strongest_tier_wins_then_the_surest_rule() -> None:
    weak = [link(record, "p", rule="phone", tier=3) for record in ("a", "b")]
    sure = [link(record, "e", rule="email", tier=2, confidence=0.99) for record in ("a", "b")]
    less_sure = [link(record, "d", rule="device", tier=2, confidence=0.9) for record in ("a", "b")]
    path = strongest_path([*weak, *less_sure, *sure], "a", "b")
    assert path is not None
    assert path[0].near.rule == "email"


def test_a_record_and_itself() -> None:
    assert strongest_path([link("a", "x")], "a", "a") == []


def test_a_value_that_very_many_show_is_looked_at_once() -> None:
    links = [link(str(number), "x") for number in range(20_000)]
    path = strongest_path(links, "0", "19999")
    assert path is not None
    assert len(path) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=24))
def test_no_path_is_shorter(shown: list[tuple[int, int]]) -> None:
    graph = nx.Graph([(str(record), ("hub", value)) for record, value in shown])
    graph.add_nodes_from(["0", "1"])
    path = strongest_path([link(str(record), str(value)) for record, value in shown], "0", "1")
    if not nx.has_path(graph, "0", "1"):
        assert path is None
    else:
        assert path is not None
        assert 2 * len(path) == nx.shortest_path_length(graph, "0", "1")
