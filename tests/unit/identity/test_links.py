"""The few links that are fetched tell what all links would."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from cdp.identity.explaining.links import Link, joining_links, links_shared_with
from cdp.identity.explaining.obstacles import obstacles
from cdp.identity.explaining.path import strongest_path
from tests.doubles.identity_links import kept_apart, link, warehouse

REASONS = (None, None, None, "shared record", "more than 5 customers")
RULES = {"card": 1, "email": 2, "email_and_name": 2, "phone": 3}


def records(number: int, customers: int = 1) -> list[tuple[str, int, int]]:
    """Records `r<n>` in turn of the customers 1, 2, …"""
    return [(f"r{node}", node, 1 + node % customers) for node in range(number)]


def ordered(links: list[Link], customer: int = 0, customers: int = 1) -> list[Link]:
    """All links of a customer, the strongest tier first."""
    own = [each for each in links if each.node_id % customers == customer]
    return sorted(own, key=lambda each: (each.tier, each.rule, each.hub, each.node_id))


def random_links(random: Random, number: int, values: int) -> list[Link]:
    found = {}
    for _ in range(3 * number):
        node, rule, value = random.randrange(number), random.choice(list(RULES)), str(random.randrange(values))
        hub = f"{value} {random.choice('ab')}" if rule == "email_and_name" else value
        found[node, rule, hub] = link(
            f"r{node}", value, rule=rule, tier=RULES[rule], node=node, hub=hub, reason=random.choice(REASONS)
        )
    return list(found.values())


def test_a_path_is_as_short_and_strong_as_among_all_links() -> None:
    lengths = set()
    for seed in range(8):
        random = Random(seed)
        links = random_links(random, 20, 3)
        reader = warehouse(links, records(20))
        few = strongest_path(joining_links(reader, 1, (0, 1)), "r0", "r1")
        among_all = strongest_path(ordered(links), "r0", "r1")
        assert (few is None) == (among_all is None)
        assert [hop.near.tier for hop in few or []] == [hop.near.tier for hop in among_all or []]
        lengths.add(len(few or []))
    assert max(lengths) > 1


def test_what_two_customers_share_is_told_as_from_all_links() -> None:
    for seed in range(8):
        random = Random(seed)
        apart = [replace(kept_apart("r0", "r1"), node_id=0), kept_apart("r1", "r0")]
        links = [*random_links(random, 12, 8), *apart]
        reader = warehouse(links, records(12, customers=2))
        few = obstacles(links_shared_with(reader, 1, 2, 0), links_shared_with(reader, 2, 1, 1), ("r0", "r1"))
        assert few == obstacles(ordered(links, 0, 2), ordered(links, 1, 2), ("r0", "r1"))
        assert few[0].kind == "steward"


def test_of_very_many_records_that_show_the_same_one_is_fetched() -> None:
    links = [link(f"r{node}", "x", node=node) for node in range(1_000)]
    links += [link(f"r{node}", f"own {node}", node=node) for node in range(1_000)]
    reader = warehouse(links, records(1_000))
    assert [each.node_id for each in joining_links(reader, 1, (5, 999))] == [0, 5, 999]
