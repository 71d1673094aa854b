"""Why an audience does, or does not, reach a customer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.declarations.audiences import Audience
from cdp.declarations.segments import Segments, load_segments
from cdp.errors import CdpError
from cdp.project import Project
from cdp.segments.explain import Reason
from cdp.segments.reach import explain_reach
from tests.doubles.readers import MemoryReader

CANDIDATES = (
    "audience_name varchar, customer_id bigint, has_address boolean, is_consented boolean, is_suppressed boolean, "
    "is_do_not_contact boolean"
)
VERDICTS = (
    "audience_name varchar, customer_id bigint, is_reachable boolean, messages_count bigint, is_below_cap boolean, "
    "is_first_choice boolean, variant varchar"
)
DEFINITIONS = (
    "audience_name varchar, channel varchar, purpose varchar, message_class varchar, cap_messages bigint, "
    "cap_hours bigint, priority_group varchar, experiment varchar"
)
TRAITS = (
    "customer_id bigint, orders_count bigint, coupon_share double, city varchar, is_online_buyer boolean, "
    "last_order_at timestamp"
)
LETTER = Audience(name="letter", description="d", owner="crm", segment="regulars", channel="email", purpose="marketing")
STEPS = (
    "in segment regulars",
    "may be contacted at all",
    "has an address for email",
    "agreed to marketing messages for marketing there",
    "the address is not suppressed",
    "got fewer than 3 messages in the last 48 hours",
    "no other audience of mail goes first",
    "is not held out",
)
NO, YES = False, True


@pytest.fixture
def segments(project: Project, declare: Callable[[str, str], Path]) -> Segments:
    declare("segments/regulars", "rule: {trait: orders_count, at_least: 12}")
    return load_segments(project)


@pytest.fixture
def reader() -> MemoryReader:
    made = MemoryReader()
    made.load(
        "int_audiences__definitions",
        DEFINITIONS,
        [
            ("letter", "email", "marketing", "marketing", 3, 48, "mail", "letter"),
            ("win_back", "email", "marketing", "marketing", None, None, "mail", None),
            ("plain", "email", "marketing", "marketing", None, None, None, None),
        ],
    )
    made.load(
        "dim_customer_traits",
        TRAITS,
        [(number, 20 if number != 2 else 3, None, None, None, None) for number in range(1, 12)],
    )
    made.load(
        "int_audiences__verdicts",
        VERDICTS,
        [
            ("letter", 1, YES, 2, YES, YES, "story"),
            *(("letter", number, NO, 0, YES, NO, None) for number in range(3, 8)),
            ("letter", 8, YES, 3, NO, NO, None),
            ("letter", 9, YES, 0, YES, NO, None),
            ("win_back", 9, YES, None, YES, YES, None),
            ("letter", 10, YES, 0, YES, YES, "holdout"),
            ("plain", 11, YES, None, YES, YES, None),
        ],
    )
    reached = (YES, YES, NO, NO)
    made.load(
        "int_audiences__candidates",
        CANDIDATES,
        [
            ("letter", 1, *reached),
            ("letter", 1, YES, NO, NO, NO),
            ("letter", 3, YES, YES, NO, YES),
            ("letter", 4, NO, NO, NO, NO),
            ("letter", 5, YES, NO, NO, NO),
            ("letter", 6, YES, YES, YES, NO),
            # One address is suppressed, and the other has no consent: neither may be written to.
            ("letter", 7, YES, YES, YES, NO),
            ("letter", 7, YES, NO, NO, NO),
            *(("letter", number, *reached) for number in (8, 9, 10)),
            ("plain", 11, *reached),
        ],
    )
    return made


ONE, TWO = "1 address", "2 addresses"


@pytest.mark.parametrize(
    ("customer", "values"),
    [
        (1, [None, TWO, TWO, ONE, ONE, 2, None, "story"]),
        (2, [None]),
        (3, [None, None]),
        (4, [None, None, None]),
        (5, [None, ONE, ONE, None]),
        (6, [None, ONE, ONE, ONE, None]),
        (7, [None, TWO, TWO, ONE, None]),
        (8, [None, ONE, ONE, ONE, ONE, 3]),
        (9, [None, ONE, ONE, ONE, ONE, 0, "win_back"]),
        (10, [None, ONE, ONE, ONE, ONE, 0, None, "holdout"]),
    ],
)
def test_the_steps_end_at_the_first_that_does_not_hold(
    reader: MemoryReader, segments: Segments, customer: int, values: list[str | int | None]
) -> None:
    steps = [reason for reason in explain_reach(reader, segments, LETTER, customer) if reason.depth == 0]
    assert [step.asked for step in steps] == list(STEPS[: len(values)])
    assert [step.value for step in steps] == values
    assert all(step.holds for step in steps[:-1])
    assert steps[-1].holds is (customer == 1)


@pytest.mark.parametrize(("customer", "orders"), [(1, 20), (2, 3)])
def test_the_rule_stands_below_the_segment_with_the_customers_own_values(
    reader: MemoryReader, segments: Segments, customer: int, orders: int
) -> None:
    first, rule, *_ = explain_reach(reader, segments, LETTER, customer)
    assert first == Reason(0, "in segment regulars", None, customer == 1)
    assert rule == Reason(1, "orders_count is at least 12", orders, customer == 1)


def test_an_audience_has_only_the_steps_that_it_declares(reader: MemoryReader, segments: Segments) -> None:
    plain = LETTER.model_copy(update={"name": "plain"})
    steps = [reason.asked for reason in explain_reach(reader, segments, plain, 11) if reason.depth == 0]
    assert steps == list(STEPS[:5])


def test_what_is_not_published_is_no_no(reader: MemoryReader, segments: Segments) -> None:
    with pytest.raises(CdpError, match="no customer 99"):
        explain_reach(reader, segments, LETTER, 99)
    with pytest.raises(CdpError, match="no audience `other` yet"):
        explain_reach(reader, segments, LETTER.model_copy(update={"name": "other"}), 1)
