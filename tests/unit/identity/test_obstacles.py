"""What two customers share, and why it did not join them."""

from __future__ import annotations

from cdp.identity.explaining.obstacles import obstacles
from tests.doubles.identity_links import kept_apart, link

MANY = "more than 1 named customers"
CUT = "would join too many of card"


def test_each_shared_value_is_told_with_its_reason() -> None:
    left = [link("a", "x", reason=MANY), link("a", "own")]
    right = [link("b", "x", reason=MANY)]
    (found,) = obstacles(left, right, ("a", "b"))
    assert (found.kind, found.shown, found.reason, found.is_direct) == ("value", ("email", "x"), MANY, True)


def test_a_reason_on_either_side_is_enough() -> None:
    (found,) = obstacles([link("a", "x")], [link("b", "x", reason="shared record")], ("a", "b"))
    assert found.reason == "shared record"


def test_one_value_under_two_names() -> None:
    left = [link("a", "x", rule="email_and_name", hub="x an")]
    right = [link("b", "x", rule="email_and_name", hub="x bo")]
    (found,) = obstacles(left, right, ("a", "b"))
    assert found.reason == "the names differ"


def test_a_stewards_word_comes_first_then_a_cut_then_the_records_that_were_asked_about() -> None:
    left = [
        link("a", "x", reason=MANY),
        link("a2", "y", reason=MANY),
        link("a", "z", rule="phone", tier=3, reason=CUT),
        kept_apart("a", "b"),
    ]
    right = [
        link("b2", "x", reason=MANY),
        link("b2", "y", reason=MANY),
        link("b", "x", reason=MANY),
        link("b", "z", rule="phone", tier=3, reason=CUT),
        kept_apart("b", "a"),
    ]
    found = obstacles(left, right, ("a", "b"))
    assert [(each.kind, each.is_direct) for each in found] == [
        ("steward", True),
        ("cut", True),
        ("value", True),
        ("value", False),
    ]
    assert found[2].records == ("a", "b")


def test_who_shares_nothing_has_no_obstacle() -> None:
    assert obstacles([link("a", "x")], [link("b", "y"), link("b", "x", rule="phone")], ("a", "b")) == []
