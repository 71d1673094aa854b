"""The path of active links between two records of one customer."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdp.identity.explaining.links import Link

# What a way costs: its hops, then their tiers, then their doubts.
_Cost = tuple[int, int, float]
_Hub = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Hop:
    """Two records that show the same under one rule."""

    near: Link
    far: Link


def strongest_path(links: Sequence[Link], start: str, end: str) -> list[Hop] | None:
    """The hops from one record to another: as few as possible, of the strongest tiers, the surest.

    Empty where start and end are one record, None where no way leads there.
    """
    shown, showing = _active(links)
    came: dict[str, Hop] = {}
    best: dict[str, _Cost] = {start: (0, 0, 0.0)}
    ahead: list[tuple[_Cost, str]] = [(best[start], start)]
    while ahead:
        cost, record = heapq.heappop(ahead)
        if record == end:
            return _traced(came, start, end)
        if cost > best[record]:
            continue
        for near in shown[record]:
            reached = _further(cost, near)
            # Nobody who comes here later reaches the others on a shorter way.
            for far in showing.pop((near.rule, near.hub), ()):
                if far.record_key not in best or reached < best[far.record_key]:
                    best[far.record_key], came[far.record_key] = reached, Hop(near, far)
                    heapq.heappush(ahead, (reached, far.record_key))
    return None


def _active(links: Sequence[Link]) -> tuple[Mapping[str, list[Link]], dict[_Hub, list[Link]]]:
    """Active links by record, and by what they lead to."""
    shown: dict[str, list[Link]] = defaultdict(list)
    showing: dict[_Hub, list[Link]] = defaultdict(list)
    for link in links:
        if link.is_active:
            shown[link.record_key].append(link)
            showing[link.rule, link.hub].append(link)
    return shown, showing


def _further(cost: _Cost, link: Link) -> _Cost:
    hops, tiers, doubts = cost
    return hops + 1, tiers + link.tier, round(doubts + 1 - (link.confidence or 0), 6)


def _traced(came: Mapping[str, Hop], start: str, end: str) -> list[Hop]:
    hops: list[Hop] = []
    while end != start:
        hops.append(came[end])
        end = came[end].near.record_key
    return hops[::-1]
