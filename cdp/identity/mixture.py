"""What levels of agreement say about a pair, learned from all candidate pairs at once and without labels.

A pair is one of three things: two records of one person, two people of one household, or strangers. The third is
what Splink samples; telling the second from the first is what two classes cannot do, for a household shares name,
address and telephone. Of strangers, what follows the name agrees together (`namesakes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cdp.identity.namesakes import Namesakes, count_namesakes
from cdp.identity.patterns import Levels, Numbers, Patterns, Population

MOST_ROUNDS = 500
# Learning ends when a round moves no class by more than this share of it.
_SETTLED = 1e-5
# After so many rounds who matches is clear enough to count strangers by.
_ROUND_OF_STRANGERS = 10
# Nothing is impossible: the least share of strangers that reach a level.
_LEAST = 1e-7
# What a class starts from where nothing is known: most pairs reach the top level.
_START_AT_TOP = 0.8
# In a handful of records most pairs may match; strangers are left all the same.
_MOST_MATCHES, _MOST_OF_HOUSEHOLDS = 0.9, 0.09
# Two people of one household who share a birthday, or a given name.
_SAME_BY_KINSHIP = 0.02


@dataclass(frozen=True, slots=True)
class Kinds:
    """Comparisons that tell the people of a household apart, and those that agree where names do."""

    personal: Sequence[str] = ()
    following_name: Sequence[str] = ()


@dataclass(slots=True)
class Mixture:
    """Level shares of the three classes, per comparison from level 0 up, and the classes' shares of all pairs."""

    matches: dict[str, Numbers]
    strangers: dict[str, Numbers]
    household: dict[str, Numbers]
    match_share: float
    household_share: float
    namesakes: Namesakes = field(default_factory=Namesakes)

    def log_odds(self, patterns: Patterns) -> tuple[Numbers, Numbers]:
        """Natural logarithm of how much likelier than strangers each pattern is for a match, and for a household."""
        match = -self.namesakes.log_times(patterns)
        household = match.copy()
        for name, levels in patterns.levels.items():
            match += _looked_up(np.log(self.matches[name] / self.strangers[name]), levels)
            household += _looked_up(np.log(self.household[name] / self.strangers[name]), levels)
        return match, household

    def expected(self, patterns: Patterns, showing: Numbers | float = 0.0) -> tuple[Numbers, Numbers]:
        """Expected matches and household pairs of each pattern.

        `showing` is the natural logarithm of how much likelier a match is because of what there is to compare.
        """
        match, household = self.log_odds(patterns)
        strangers = 1 - self.match_share - self.household_share
        weights = np.stack(
            [
                np.zeros(len(match)),
                match + showing + np.log(self.match_share / strangers),
                household + np.log(max(self.household_share, 1e-300) / strangers),
            ]
        )
        shares = np.exp(weights - weights.max(axis=0))
        shares /= shares.sum(axis=0)
        return shares[1] * patterns.pairs, shares[2] * patterns.pairs


def learn(
    patterns: Patterns, sampled: Mapping[str, Numbers], kinds: Kinds, population: Population, records: int
) -> Mixture:
    """Expectation maximisation from `sampled`, the shares of random pairs per level."""
    mixture = _start(sampled, kinds, population, records)
    shown, showing = _Showing.of(patterns, population), np.zeros(len(patterns.pairs))
    following = [name for name in patterns.levels if name in kinds.following_name]
    for round_number in range(MOST_ROUNDS):
        matches, households = mixture.expected(patterns, showing)
        strangers = patterns.pairs - matches - households
        showing = shown.learned(matches)
        _learn_classes(mixture, patterns, matches, households, kinds)
        moved = _learn_sizes(mixture, matches, households, population)
        if round_number == _ROUND_OF_STRANGERS:
            _count_strangers(mixture, patterns, strangers, sampled, population)
        if round_number >= _ROUND_OF_STRANGERS:
            mixture.namesakes = count_namesakes(following, patterns, strangers, mixture.strangers, population)
            if moved < _SETTLED:
                break
    return mixture


@dataclass(frozen=True, slots=True)
class _Showing:
    """What matches show, beside what all pairs do.

    Who is a namesake is seen where there is more to compare; where there is not, as many of all pairs are namesakes.
    Without this, the pairs that show least could be anything.
    """

    place: Levels
    of_all_pairs: Numbers

    @classmethod
    def of(cls, patterns: Patterns, population: Population) -> _Showing:
        kinds = sorted(population.showing, key=sorted)
        places = {shown: place for place, shown in enumerate(kinds)}
        shares = np.array([population.showing[shown] for shown in kinds]) / population.pairs
        return cls(np.array([places[shown] for shown in patterns.showing()], dtype=np.int64), shares)

    def learned(self, matches: Numbers) -> Numbers:
        """Natural logarithm, per pattern, of how much more often matches show just this."""
        counted = _counted(self.place, matches, len(self.of_all_pairs))
        shares = _shares(counted + 0.5 * self.of_all_pairs + 1e-3)
        return np.log(shares / self.of_all_pairs)[self.place]


def _start(sampled: Mapping[str, Numbers], kinds: Kinds, population: Population, records: int) -> Mixture:
    strangers = {name: _shares(np.maximum(shares, _LEAST)) for name, shares in sampled.items()}
    matches = {name: _mostly_top(len(shares)) for name, shares in sampled.items()}
    household = {
        name: _kinship(shares) if name in kinds.personal else _mostly_top(len(shares))
        for name, shares in strangers.items()
    }
    # A household can be told apart only where something personal and something shared is compared.
    can_tell = 0 < sum(name in kinds.personal for name in sampled) < len(sampled)
    match_share = min(0.5 * records / population.pairs, _MOST_MATCHES / 2)
    return Mixture(matches, strangers, household, match_share, 0.3 * match_share if can_tell else 0.0)


def _learn_classes(mixture: Mixture, patterns: Patterns, matches: Numbers, households: Numbers, kinds: Kinds) -> None:
    for name, levels in patterns.levels.items():
        strangers = mixture.strangers[name]
        mixture.matches[name] = _shares(_counted(levels, matches, len(strangers)) + 0.5 * strangers + 1e-3)
        if name in kinds.personal:
            mixture.household[name] = _kinship(strangers)
        else:
            mixture.household[name] = _shares(_counted(levels, households, len(strangers)) + 2 * strangers + 1e-3)


def _learn_sizes(mixture: Mixture, matches: Numbers, households: Numbers, population: Population) -> float:
    """By what share of itself the class that moved most has moved."""
    before = mixture.match_share, mixture.household_share
    mixture.match_share = min(max(float(matches.sum()), 1.0) / population.pairs, _MOST_MATCHES)
    if mixture.household_share:
        households_found = max(float(households.sum()), 0.01)
        mixture.household_share = min(households_found / population.pairs, _MOST_OF_HOUSEHOLDS)
    after = mixture.match_share, mixture.household_share
    return max(abs(new - old) / new for old, new in zip(before, after, strict=True) if new)


def _count_strangers(
    mixture: Mixture, patterns: Patterns, others: Numbers, sampled: Mapping[str, Numbers], population: Population
) -> None:
    """Rare levels are too rare for a sample, but blocking finds nearly all pairs that reach them: they are counted."""
    for name, levels in patterns.levels.items():
        found = _counted(levels, others, len(sampled[name])) / population.comparable(name)
        in_sample = sampled[name] - mixture.match_share * mixture.matches[name]
        in_sample = in_sample - mixture.household_share * mixture.household[name]
        mixture.strangers[name] = _shares(np.maximum(np.maximum(in_sample, found), _LEAST))


def _counted(levels: Levels, weights: Numbers, count: int) -> Numbers:
    compared = levels >= 0
    return np.bincount(levels[compared], weights=weights[compared], minlength=count).astype(np.float64)


def _looked_up(per_level: Numbers, levels: Levels) -> Numbers:
    """The last entry, which -1 finds, says nothing."""
    return np.append(per_level, 0.0)[levels]


def _mostly_top(count: int) -> Numbers:
    shares = np.full(count, (1 - _START_AT_TOP) / max(count - 1, 1))
    shares[-1] = _START_AT_TOP
    return _shares(shares)


def _kinship(strangers: Numbers) -> Numbers:
    shares = strangers * (1 - _SAME_BY_KINSHIP)
    shares[-1] += _SAME_BY_KINSHIP
    return _shares(shares)


def _shares(counts: Numbers) -> Numbers:
    shares: Numbers = counts / counts.sum()
    return shares
