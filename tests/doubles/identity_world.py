"""Records that show identifiers as time passes, and who is one customer then, as the definition has it (ADR 12)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import networkx as nx

AS_OF = datetime(2024, 5, 31)
IDENTITY: dict[str, Any] = {
    "identifiers": {"card": {"max_per_customer": 1}, "email": {"max_per_customer": 2, "within_days": 25}},
    "tiers": [
        {"rules": [{"name": "always_link", "pairs": True}, {"name": "card", "identifier": "card", "max_records": 6}]},
        {"rules": [{"name": "email_name", "identifier": "email"}]},
        {
            "rules": [
                {
                    "name": "email",
                    "identifier": "email",
                    "max_named_customers": 1,
                    "max_customers": 4,
                    "max_if_nameless": 2,
                },
                {"name": "phone", "identifier": "phone", "max_customers": 3, "within_days": 30},
            ]
        },
    ],
}
LIMITS = ("max_records", "max_customers", "max_named_customers", "max_if_nameless")


@dataclass(frozen=True)
class Link:
    """One row of evidence."""

    node: int
    tier: int
    rule: str
    hub: str
    type: str | None = None
    value: str | None = None
    is_named: bool = False
    seen: datetime = AS_OF
    reason: str | None = None

    @property
    def is_pairwise(self) -> bool:
        return self.rule.endswith("_link")

    def row(self) -> tuple[Any, ...]:
        return (
            self.node, self.tier, self.rule, self.hub, self.is_pairwise, self.is_named, self.type, self.value,
            1.0, "test", self.seen, self.seen, 1, self.reason,
        )  # fmt: skip


@dataclass
class World:
    """What every record shows now, and what a steward has said."""

    records: dict[int, list[Link]] = field(default_factory=dict)
    pairs: set[tuple[str, int, int]] = field(default_factory=set)
    day: int = 0

    @property
    def today(self) -> datetime:
        return AS_OF + timedelta(days=self.day)

    def record(self, node: int) -> Link:
        return Link(node, 0, "record", "", is_named=self.is_named(node))

    def is_named(self, node: int) -> bool:
        return any(link.is_named for link in self.records[node])

    def links(self) -> list[Link]:
        return [link for links in self.records.values() for link in links] + self.pair_links()

    def pair_links(self) -> list[Link]:
        found = []
        for rule, a, b in self.pairs:
            if a in self.records and b in self.records:
                tier, reason = (1, None) if rule == "always_link" else (0, "kept apart")
                found += [Link(node, tier, rule, f"{a} {b}", reason=reason) for node in (a, b)]
        return found

    def given(self, changed: set[int]) -> list[Link]:
        """What the model's SQL gives when the records in `changed` have changed."""
        rows = self.pair_links()
        for node in sorted(changed):
            rows += [self.record(node), *self.records[node]]
        return rows


def expected(world: World) -> dict[int, int]:
    """The customer of every record, as the definition has it (docs/adr/0012-identity-tiers.md)."""
    links = world.links()
    component = {node: node for node in world.records}
    held = _held(links, world.today)
    for number, tier in enumerate(IDENTITY["tiers"], start=1):
        component = _solved(world, [link for link in links if link.tier == number], tier["rules"], component, held)
    return component


def _held(links: list[Link], today: datetime) -> dict[int, set[tuple[str, str, int]]]:
    held: dict[int, set[tuple[str, str, int]]] = defaultdict(set)
    for link in links:
        declared = IDENTITY["identifiers"].get(link.type, {})
        if declared and link.reason is None and link.seen >= _since(declared, today):
            held[link.node].add((str(link.type), str(link.value), declared["max_per_customer"]))
        if link.rule == "never_link":
            held[link.node].add((str(link.hub), str(link.node), 1))
    return held


def _overfull(nodes_of: dict[int, set[int]], held: dict[int, set[tuple[str, str, int]]]) -> bool:
    """Whether components, each a set of nodes, hold too many values together."""
    values: dict[tuple[str, int], set[str]] = defaultdict(set)
    holders: dict[tuple[str, int], set[int]] = defaultdict(set)
    for component, nodes in nodes_of.items():
        for node in nodes:
            for kind, value, most in held[node]:
                values[kind, most].add(value)
                holders[kind, most].add(component)
    return any(len(values[key]) > key[1] and len(holders[key]) > 1 for key in values)


def _solved(
    world: World,
    links: list[Link],
    rules: list[dict[str, Any]],
    lower: dict[int, int],
    held: dict[int, set[tuple[str, str, int]]],
) -> dict[int, int]:
    members: dict[int, set[int]] = defaultdict(set)
    for node, component in lower.items():
        members[component].add(node)
    graph = nx.Graph()
    graph.add_nodes_from(members)
    hubs: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for link in links:
        if link.reason is None:
            hubs[link.rule, str(link.hub)].append(link)
    for (name, _), shown in hubs.items():
        rule = next(rule for rule in rules if rule["name"] == name)
        spread = {lower[link.node] for link in shown}
        named = {c for c in spread if any(world.is_named(node) for node in members[c])}
        if _within_limits(rule, shown, lower, named, world.today) and not _overfull(
            {c: members[c] for c in spread}, held
        ):
            nx.add_path(graph, sorted(spread))
    solved = {}
    for joined in nx.connected_components(graph):
        broken = _overfull({c: members[c] for c in joined}, held)
        nodes = {node for c in joined for node in members[c]}
        solved |= {node: lower[node] if broken else min(nodes) for node in nodes}
    return solved


def _within_limits(
    rule: dict[str, Any], shown: list[Link], lower: dict[int, int], named: set[int], today: datetime
) -> bool:
    counted = [link for link in shown if link.seen >= _since(rule, today)]
    customers = {lower[link.node] for link in counted}
    counts = {
        "max_records": len(counted),
        "max_customers": len(customers),
        "max_named_customers": len(customers & named),
        "max_if_nameless": 0 if named else len(customers),
    }
    return all(counts[limit] <= rule[limit] for limit in LIMITS if limit in rule)


def _since(declared: dict[str, Any], today: datetime) -> datetime:
    return today - timedelta(days=declared.get("within_days", 10_000))


def random_record(random: Random, node: int, size: int, today: datetime) -> list[Link]:
    """Links of one record, at most one per rule and hub."""
    links: dict[tuple[str, str], Link] = {}
    name = random.choice(["an", "bo", None])
    reason = "shared record" if random.random() < 0.1 else None
    for _ in range(random.choice([0, 1, 1, 2, 3])):
        type_ = random.choice(["card", "email", "email", "phone"])
        value = f"{type_}{random.randrange(size)}"
        seen = today - timedelta(days=random.choice([0, 10, 20, 40]))
        if type_ == "card":
            links["card", value] = Link(node, 1, "card", value, "card", value, bool(name), seen, reason)
        if type_ == "email":
            links["email", value] = Link(node, 3, "email", value, "email", value, bool(name), seen, reason)
            if name:
                hub = f"{value} {name}"
                links["email_name", hub] = Link(node, 2, "email_name", hub, "email", value, True, seen, reason)
        if type_ == "phone":
            links["phone", value] = Link(node, 3, "phone", value, "phone", value, bool(name), seen, reason)
    return list(links.values())


def change(world: World, random: Random, size: int) -> set[int]:
    """Let time pass: records come, change and go silent, or none does; a steward decides and thinks again."""
    changed = set()
    world.day += random.choice([0, 1, 15])
    for _ in range(random.choice([0, 1, 2, 5, 12])):
        known = sorted(world.records)
        node = random.choice(known) if known and random.random() < 0.35 else len(known) + 1
        world.records[node] = random_record(random, node, size, world.today)
        changed.add(node)
    for rule in ("always_link", "never_link"):
        if random.random() < 0.25 and len(world.records) > 1:
            a, b = sorted(random.sample(sorted(world.records), 2))
            world.pairs.add((rule, a, b))
        if random.random() < 0.2 and world.pairs:
            world.pairs.discard(random.choice(sorted(world.pairs)))
    return changed


def shows(world: World, node: int, *values: str) -> None:
    """A record shows telephones and addresses (`email …`), today and nothing else."""
    kinds = [(value, "email" if value.startswith("email") else "phone") for value in values]
    world.records[node] = [Link(node, 3, kind, value, kind, value, seen=world.today) for value, kind in kinds]
