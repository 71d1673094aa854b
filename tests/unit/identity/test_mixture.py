"""Expectation maximisation finds the shares that a population was made with, and tells households from persons."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cdp.identity.mixture import Kinds, Mixture, learn
from cdp.identity.patterns import Numbers, Patterns, Population

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
    population = Population({frozenset(STRANGERS): PAIRS})
    return learn(expected_patterns(households), sampled, Kinds(personal=["given", "birth"]), population, RECORDS)


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
    population = Population({frozenset(STRANGERS): PAIRS})
    mixture = learn(expected_patterns(HOUSEHOLDS), sampled, Kinds(), population, RECORDS)
    assert mixture.household_share == 0
    assert sum(matches.sum() for matches in mixture.expected(expected_patterns(0))[:1]) > 0


NAMESAKES = 30_000
MAILBOX = (0.995, 0.005)


def patterns_of_namesakes() -> tuple[Patterns, Population]:
    """Strangers who share a given name and so much of a mailbox; half of all records say no birth date or address."""
    alike = {"given": (0.0, 1.0), "mailbox": (0.05, 0.95)}
    kinds = (
        ({"given": (0.1, 0.9), "mailbox": (0.2, 0.8), "birth": (0.05, 0.95), "address": (0.3, 0.7)}, MATCHES),
        ({**alike, "birth": STRANGERS["birth"], "address": STRANGERS["address"]}, NAMESAKES),
        ({**STRANGERS, "mailbox": MAILBOX}, PAIRS),
    )
    names, cells = ("given", "mailbox", "birth", "address"), {}
    for shown, share in ((names, 0.25), (names[:2], 0.75)):
        for levels in product((0, 1), repeat=len(shown)):
            if sum(levels):
                cell = (*levels, *[-1] * (len(names) - len(shown)))
                cells[cell] = share * sum(
                    size * float(np.prod([shares[name][level] for name, level in zip(shown, levels, strict=True)]))
                    for shares, size in kinds
                )
    columns = np.array(list(cells)).T
    showing = {frozenset(names): 0.25 * PAIRS, frozenset(names[:2]): 0.75 * PAIRS}
    return Patterns({name: columns[place] for place, name in enumerate(names)}, np.array(list(cells.values()))), (
        Population(showing)
    )


def test_what_namesakes_share_is_no_evidence_of_one_person() -> None:
    patterns, population = patterns_of_namesakes()
    sampled: dict[str, Numbers] = {
        name: np.array(MAILBOX if name == "mailbox" else STRANGERS[name]) for name in patterns.levels
    }
    aware = learn(patterns, sampled, Kinds(following_name=["given", "mailbox"]), population, RECORDS)
    blind = learn(patterns, sampled, Kinds(), population, RECORDS)
    assert MATCHES / 2 < aware.match_share * PAIRS < 1.1 * MATCHES
    assert blind.match_share * PAIRS > 2 * MATCHES
    assert aware.matches["birth"][1] == pytest.approx(0.95, abs=0.05)
    expected = (NAMESAKES * 0.95 + PAIRS * 0.005 * 0.005) / (PAIRS * 0.005 * 0.005)
    assert aware.namesakes.times[1, 1] == pytest.approx(expected, rel=0.2)


def test_namesakes_are_never_rarer_than_chance() -> None:
    patterns, population = patterns_of_namesakes()
    sampled: dict[str, Numbers] = {name: np.array([0.5, 0.5]) for name in patterns.levels}
    mixture = learn(patterns, sampled, Kinds(following_name=["given", "mailbox"]), population, RECORDS)
    assert min(mixture.namesakes.times.values()) >= 1


@pytest.mark.parametrize("top", [0, 1])
def test_of_a_single_pair_the_shares_are_still_shares(top: int) -> None:
    sampled: dict[str, Numbers] = {name: np.array([0.0, 1.0]) for name in STRANGERS}
    alike = Patterns({name: np.array([top]) for name in STRANGERS}, np.ones(1))
    mixture = learn(alike, sampled, Kinds(["given"], ["given"]), Population({frozenset(STRANGERS): 1.0}), 2)
    assert 0 < mixture.match_share + mixture.household_share < 1
    assert all(np.isfinite(odds).all() for odds in mixture.log_odds(alike))
