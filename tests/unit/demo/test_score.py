"""Pair scores on cases that a person can count."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.demo.judge import judge
from cdp.demo.score import PairScore, same_raw_email, score


def assigned(customers: Mapping[str, int]) -> pa.Table:
    return pa.table(
        {
            "record_key": pa.array(list(customers), pa.string()),
            "customer": pa.array(list(customers.values()), pa.int64()),
        }
    )


def known(persons: Mapping[str, tuple[int, str | None]]) -> pa.Table:
    return pa.table(
        {
            "record_key": pa.array(list(persons), pa.string()),
            "person_id": pa.array([person for person, _ in persons.values()], pa.int64()),
            "email_raw": pa.array([email for _, email in persons.values()], pa.string()),
        }
    )


TRUTH = known({"a": (1, "x"), "b": (1, "X"), "c": (1, None), "d": (2, "x"), "e": (2, "")})


NO_EVIDENCE = pa.table(
    {name: pa.array([], pa.string()) for name in ("record_key", "identifier_type", "identifier_value")}
)


def test_the_truth_itself_is_perfect() -> None:
    result = score(assigned({"a": 7, "b": 7, "c": 7, "d": 9, "e": 9}), TRUTH)
    assert result == PairScore(records=5, agreed=4, claimed=4, true=4)
    assert result.f1 == 1.0


def test_one_customer_for_all_has_recall_only() -> None:
    result = score(assigned(dict.fromkeys("abcde", 1)), TRUTH)
    assert (result.precision, result.recall) == (0.4, 1.0)


def test_nobody_joined_has_precision_only() -> None:
    result = score(assigned({key: number for number, key in enumerate("abcde")}), TRUTH)
    assert (result.precision, result.recall, result.f1) == (1.0, 0.0, 0.0)


def test_records_that_only_one_side_knows_do_not_count() -> None:
    result = score(assigned({"a": 1, "b": 1, "unheard of": 1}), TRUTH)
    assert result == PairScore(records=2, agreed=1, claimed=1, true=1)


def test_no_record_at_all() -> None:
    assert score(assigned({}), TRUTH) == PairScore(records=0, agreed=0, claimed=0, true=0)


def test_the_naive_rule_joins_equal_text_and_nothing_else() -> None:
    result = score(same_raw_email(TRUTH), TRUTH)
    assert result == PairScore(records=5, agreed=0, claimed=1, true=4)


def test_both_are_judged_on_the_same_records() -> None:
    judgement = judge(assigned({"a": 1, "b": 1, "d": 2}), TRUTH, NO_EVIDENCE)
    assert judgement.customers.records == judgement.same_raw_email.records == 3


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_counting_cells_equals_counting_pairs(records: list[tuple[int, int]]) -> None:
    persons = {str(number): (person, None) for number, (person, _) in enumerate(records)}
    customers = {str(number): customer for number, (_, customer) in enumerate(records)}
    pairs = list(combinations(records, 2))
    result = score(assigned(customers), known(persons))
    assert result.agreed == sum(one == other for one, other in pairs)
    assert result.claimed == sum(one[1] == other[1] for one, other in pairs)
    assert result.true == sum(one[0] == other[0] for one, other in pairs)
