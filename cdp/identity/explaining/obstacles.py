"""Why two customers did not meet: what they share, and what keeps it from joining them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdp.identity.explaining.links import NEVER_LINK, Link

_NAMES_DIFFER = "the names differ"
# The order in which a person wants to hear of them.
_FIRST = {"steward": 0, "cut": 1, "value": 2}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that two customers share under a rule, and why it does not join them.

    `kind` is `steward`, `cut` or `value`; `records` are two that show it, one of each customer; `is_direct` where
    they are the two that were asked about.
    """

    kind: str
    tier: int
    rule: str
    shown: tuple[str, str]
    reason: str
    records: tuple[str, str]
    is_direct: bool


def obstacles(left: Sequence[Link], right: Sequence[Link], asked: tuple[str, str]) -> list[Obstacle]:
    """Obstacles between two customers, given the links of each; those between the two records `asked` for first."""
    found = [_obstacle(rule, mine, theirs, asked) for rule, mine, theirs in _shared(_by_shown(left), _by_shown(right))]
    return sorted(found, key=lambda each: (_FIRST[each.kind], not each.is_direct, each.tier, each.rule, each.shown))


_ByShown = Mapping[tuple[str, tuple[str, str]], list[Link]]


def _by_shown(links: Sequence[Link]) -> _ByShown:
    grouped: dict[tuple[str, tuple[str, str]], list[Link]] = defaultdict(list)
    for link in links:
        grouped[link.rule, link.shown].append(link)
    return grouped


def _shared(left: _ByShown, right: _ByShown) -> Iterator[tuple[str, list[Link], list[Link]]]:
    for key in left.keys() & right.keys():
        yield key[0], left[key], right[key]


def _obstacle(rule: str, mine: list[Link], theirs: list[Link], asked: tuple[str, str]) -> Obstacle:
    near, far = _chosen(mine, asked[0]), _chosen(theirs, asked[1])
    return Obstacle(
        kind="steward" if rule == NEVER_LINK else "cut" if near.is_cut and far.is_cut else "value",
        tier=near.tier,
        rule=rule,
        shown=near.shown,
        reason=near.suppression_reason or far.suppression_reason or _NAMES_DIFFER,
        records=(near.record_key, far.record_key),
        is_direct=(near.record_key, far.record_key) == asked,
    )


def _chosen(links: list[Link], asked: str) -> Link:
    """The link of the record that was asked for, else the one that is nearest to counting, else the oldest."""
    return min(links, key=lambda link: (link.record_key != asked, not link.is_active, link.node_id))
