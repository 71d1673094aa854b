"""Why an audience does, or does not, reach a customer."""

from __future__ import annotations

import pytest

from cdp.declarations.audiences import Audience
from cdp.errors import CdpError
from cdp.segments.explain import Reason
from cdp.segments.reach import explain_reach
from tests.doubles.readers import MemoryReader

CANDIDATES = (
    "audience_name varchar, customer_id bigint, has_address boolean, is_consented boolean, is_suppressed boolean, "
    "is_do_not_contact boolean"
)
LETTER = Audience(name="letter", description="d", owner="crm", segment="regulars", channel="email", purpose="marketing")
STEPS = (
    "in segment regulars",
    "may be contacted at all",
    "has an address for email",
    "has agreed to marketing there",
    "the address is not suppressed",
)
NO, YES = False, True


@pytest.fixture
def reader() -> MemoryReader:
    made = MemoryReader()
    made.load("int_audiences__definitions", "audience_name varchar", [("letter",)])
    made.load("dim_customers", "customer_id bigint", [(number,) for number in range(1, 8)])
    made.load(
        "int_audiences__candidates",
        CANDIDATES,
        [
            ("letter", 1, YES, YES, NO, NO),
            ("letter", 1, YES, NO, NO, NO),
            ("another", 2, YES, YES, NO, NO),
            ("letter", 3, YES, YES, NO, YES),
            ("letter", 4, NO, NO, NO, NO),
            ("letter", 5, YES, NO, NO, NO),
            ("letter", 6, YES, YES, YES, NO),
            # One address is suppressed, and the other has no consent: neither may be written to.
            ("letter", 7, YES, YES, YES, NO),
            ("letter", 7, YES, NO, NO, NO),
        ],
    )
    return made


@pytest.mark.parametrize(
    ("customer", "addresses"),
    [
        (1, [2, 2, 2, 1, 1]),
        (2, [None]),
        (3, [1, None]),
        (4, [None, None, None]),
        (5, [1, 1, 1, None]),
        (6, [1, 1, 1, 1, None]),
        (7, [2, 2, 2, 1, None]),
    ],
)
def test_the_steps_end_at_the_first_that_does_not_hold(
    reader: MemoryReader, customer: int, addresses: list[int | None]
) -> None:
    reasons = explain_reach(reader, LETTER, customer)
    assert [reason.asked for reason in reasons] == list(STEPS[: len(addresses)])
    assert [reason.value for reason in reasons] == addresses
    assert all(reason.holds for reason in reasons[:-1])
    assert reasons[-1] == Reason(0, STEPS[len(addresses) - 1], addresses[-1], customer == 1)


def test_what_is_not_published_is_no_no(reader: MemoryReader) -> None:
    with pytest.raises(CdpError, match="no customer 99"):
        explain_reach(reader, LETTER, 99)
    with pytest.raises(CdpError, match="no audience `other` yet"):
        explain_reach(reader, LETTER.model_copy(update={"name": "other"}), 1)
