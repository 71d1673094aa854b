"""Holdouts and variants: shares that hold, resizing that moves the least, merges that keep; and the funnel's sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp.declarations.experiments import BUCKETS, buckets_of
from tests.doubles.models import Models

AS_OF = datetime(2024, 5, 31, 12)
Allocation = dict[int, str]
CANDIDATES = (
    "audience_name varchar, customer_id bigint, has_address boolean, is_consented boolean, is_suppressed boolean, "
    "is_do_not_contact boolean"
)
DEFINITIONS = (
    "audience_name varchar, channel varchar, cap_messages bigint, cap_hours bigint, priority_group varchar, "
    "priority bigint, experiment varchar"
)


@pytest.fixture
def models() -> Iterator[Models]:
    made = Models(AS_OF, {"message_events": {"email": ["email_delivered"], "sms": []}})
    made.load("fct_customer_events", "customer_id bigint, event_type varchar, occurred_at timestamp")
    yield made
    made.close()


def allocate(models: Models, shares: dict[str, int], experiment: str = "letter") -> Allocation:
    rows = [(experiment, variant, place, buckets) for place, (variant, buckets) in enumerate(shares.items(), start=1)]
    models.load("int_audiences__variants", "experiment varchar, variant varchar, place bigint, buckets bigint", rows)
    models.build("int_audiences__allocations")
    found = models.rows(f"select bucket, variant from int_audiences__allocations where experiment = '{experiment}'")
    assert len(found) == len({bucket for bucket, _ in found}) == BUCKETS
    return dict(found)


def moved(before: Allocation, after: Allocation) -> int:
    return sum(before[bucket] != after[bucket] for bucket in before)


weights = st.dictionaries(st.sampled_from("abc"), st.integers(1, 10), min_size=1)


@st.composite
def shares(draw: st.DrawFn) -> dict[str, int]:
    """Buckets of a holdout and of up to three variants."""
    given = draw(weights)
    first, *others = given
    percents = {name: 99 * weight // sum(given.values()) or 1 for name, weight in given.items()}
    percents[first] = 100 - sum(percents[name] for name in others)
    return buckets_of(draw(st.none() | st.integers(1, BUCKETS // 2)), percents if others else None)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(shares(), min_size=1, max_size=4))
def test_resizing_moves_only_the_buckets_it_must(models: Models, sizes: list[dict[str, int]]) -> None:
    models.connection.execute("drop table if exists int_audiences__allocations")
    before = allocate(models, sizes[0])
    for size in sizes:
        after = allocate(models, size)
        held = Counter(before.values())
        assert Counter(after.values()) == Counter(size)
        assert moved(before, after) == sum(max(0, held[variant] - size.get(variant, 0)) for variant in held)
        before = after


def test_the_other_experiments_stay(models: Models) -> None:
    other = allocate(models, {"holdout": 500, "everybody_else": 9_500}, experiment="other")
    allocate(models, {"holdout": 1_000, "everybody_else": 9_000})
    allocate(models, {"holdout": 1_200, "everybody_else": 8_800})
    assert (
        dict(models.rows("select bucket, variant from int_audiences__allocations where experiment = 'other'")) == other
    )


def define(models: Models, *audiences: tuple[object, ...]) -> None:
    models.load("int_audiences__definitions", DEFINITIONS, audiences)


def judge(models: Models, customers: range | list[int], records: range | list[int] | None = None) -> None:
    """One build of an audience `letter`, whose segment is `customers`, all of them reachable."""
    models.load("int_identity__records", "customer_id bigint", [(each,) for each in records or customers])
    reachable = [("letter", each, True, True, False, False) for each in customers]
    models.load("int_audiences__candidates", CANDIDATES, reachable)
    models.build("int_audiences__verdicts", "fct_audience_assignments")


def assigned(models: Models) -> dict[int, tuple[str, bool, datetime]]:
    rows = models.rows("select customer_id, variant, is_holdout, since from fct_audience_assignments")
    return {customer: (variant, is_holdout, since) for customer, variant, is_holdout, since in rows}


def test_shares_are_what_was_declared(models: Models) -> None:
    define(models, ("letter", "email", None, None, None, None, "letter"))
    allocate(models, buckets_of(1_000, {"a": 50, "b": 50}))
    judge(models, range(1, 4_001))
    counts = Counter(variant for variant, *_ in assigned(models).values())
    # Four standard deviations of a binomial of 4,000.
    assert abs(counts["holdout"] - 400) < 76
    assert abs(counts["a"] - 1_800) < 126
    assert abs(counts["b"] - 1_800) < 126
    members = models.rows("select count(*) from int_audiences__verdicts where is_member")
    assert members == [(counts["a"] + counts["b"],)]


def test_an_assignment_stays_through_leaving_merging_and_coming_back(models: Models) -> None:
    define(models, ("letter", "email", None, None, None, None, "letter"))
    allocate(models, buckets_of(5_000, None))
    judge(models, [1, 2, 3, 4])
    first = assigned(models)
    models.tell_time(AS_OF + timedelta(days=1))
    # 1 leaves the segment, 4 is merged into 2, 5 is new.
    judge(models, [2, 3, 5], records=[1, 2, 3, 5])
    second = assigned(models)
    assert {customer: second[customer] for customer in (1, 2, 3)} == {
        customer: first[customer] for customer in (1, 2, 3)
    }
    assert second.keys() == {1, 2, 3, 5}
    assert second[5][2] == AS_OF + timedelta(days=1)


def test_people_follow_their_bucket(models: Models) -> None:
    define(models, ("letter", "email", None, None, None, None, "letter"))
    allocate(models, buckets_of(2_000, None))
    judge(models, range(1, 501))
    first = assigned(models)
    models.tell_time(AS_OF + timedelta(days=1))
    allocate(models, buckets_of(1_000, None))
    judge(models, range(1, 501))
    second = assigned(models)
    released = [customer for customer in first if first[customer] != second[customer]]
    assert 0 < len(released) < 100
    assert all(
        first[each][1] and second[each] == ("everybody_else", False, AS_OF + timedelta(days=1)) for each in released
    )


yes_or_no = st.booleans()
candidate = st.tuples(
    st.sampled_from(["letter", "win_back"]), st.integers(1, 9), yes_or_no, yes_or_no, yes_or_no, yes_or_no
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(candidates=st.lists(candidate, max_size=30), sent=st.lists(st.integers(1, 9), max_size=20))
def test_nobody_is_lost_in_the_funnel(models: Models, candidates: list[tuple[object, ...]], sent: list[int]) -> None:
    define(
        models,
        ("letter", "email", 2, 48, "mail", 2, None),
        ("win_back", "email", 3, 24, "mail", 1, "win_back"),
    )
    allocate(models, buckets_of(3_000, {"a": 40, "b": 60}), experiment="win_back")
    models.load("int_audiences__candidates", CANDIDATES, candidates)
    messages = [(customer, "email_delivered", AS_OF) for customer in sent]
    models.load("fct_customer_events", "customer_id bigint, event_type varchar, occurred_at timestamp", messages)
    models.build("int_audiences__verdicts", "rpt_audience_funnel")
    steps = (
        "do_not_contact + no_address + no_consent + suppressed + frequency_cap + another_audience + held_out + members"
    )
    sums = {name: (total, fell) for name, total, fell in models.rows(
        f"select audience_name, in_segment, {steps} from rpt_audience_funnel"
    )}  # fmt: skip
    for name in ("letter", "win_back"):
        everybody = len({customer for audience, customer, *_ in candidates if audience == name})
        assert sums[name] == (everybody, everybody)
    twice = "select customer_id from int_audiences__verdicts where is_member group by customer_id having count(*) > 1"
    assert models.rows(twice) == []
