"""Expectation maximisation finds the shares that a population was made with, and tells households from persons."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cdp.identity.mixture import Mixture, Numbers, Patterns, Population, learn

RECORDS = 20_000
PAIRS = RECORDS * (RECORDS - 1) / 2
STRANGERS = {"given": (0.995, 0.005), "birth": (0.9999, 0.0001), "family": (0.998, 0.002), "address": (0.9998, 0.0002)}
PERSONS = {"given": (0.1, 0.9), "birth": (0.05, 0.95), "family": (0.15, 0.85), "address": (0.3, 0.7)}
HOUSEHOLD = {"given": (0.975, 0.025), "birth": (0.98, 0.02), "family": (0.1, 0.9), "address": (0.05, 0.95)}
MATCHES, HOUSEHOLDS = 8_000, 12_000


def expected_patterns(households: int) -> Patterns:
    """Every pattern with the number of pairs that it has on average; blocking needs two things alike."""
    cells, pairs = [], []
    for levels in product((0, 1), repeat=4):
        if sum(levels) < 2:
            continue
        count = 0.0
        for shares, size in ((PERSONS, MATCHES), (HOUSEHOLD, households), (STRANGERS, PAIRS)):
            chances = [shares[name][level] for name, level in zip(shares, levels, strict=True)]
            count += size * float(np.prod(chances))
        cells.append(levels)
        pairs.append(count)
    columns = np.array(cells).T
    return Patterns({name: columns[place] for place, name in enumerate(STRANGERS)}, np.array(pairs))


def learned(households: int) -> Mixture:
    sampled: dict[str, Numbers] = {name: np.array(shares) for name, shares in STRANGERS.items()}
    population = Population(PAIRS, dict.fromkeys(STRANGERS, 1.0))
    return learn(expected_patterns(households), sampled, ["given", "birth"], population, RECORDS)


@pytest.mark.parametrize("households", [0, HOUSEHOLDS])
def test_it_finds_how_many_match_and_on_what(households: int) -> None:
    mixture = learned(households)
    assert mixture.match_share * PAIRS == pytest.approx(MATCHES, rel=0.1)
    for name, (_, same) in PERSONS.items():
        assert mixture.matches[name][1] == pytest.approx(same, abs=0.08)


def test_a_household_is_not_a_person() -> None:
    mixture = learned(HOUSEHOLDS)
    assert mixture.household_share * PAIRS == pytest.approx(HOUSEHOLDS, rel=0.2)
    same_home_only = Patterns(
        {name: np.array([level]) for name, level in zip(STRANGERS, (0, 0, 1, 1), strict=True)}, np.ones(1)
    )
    [persons], [households] = mixture.expected(same_home_only)
    assert persons < 0.05 < 0.5 < households


def test_shares_are_shares() -> None:
    mixture = learned(HOUSEHOLDS)
    for shares in (mixture.matches, mixture.strangers, mixture.household):
        assert all(values.sum() == pytest.approx(1) and (values > 0).all() for values in shares.values())


def test_where_nothing_is_personal_nobody_is_a_household() -> None:
    sampled: dict[str, Numbers] = {name: np.array(shares) for name, shares in STRANGERS.items()}
    population = Population(PAIRS, dict.fromkeys(STRANGERS, 1.0))
    mixture = learn(expected_patterns(HOUSEHOLDS), sampled, [], population, RECORDS)
    assert mixture.household_share == 0
    assert sum(matches.sum() for matches in mixture.expected(expected_patterns(0))[:1]) > 0
