"""Rules about events, ranks and samples as their authors write them, and what each mistake is answered with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.declarations.computed import CalendarCheck, EventFact
from cdp.declarations.rule import All, Condition, Leaf, Not, Operator, Rule, leaves
from cdp.declarations.segments import load_segments, read_segments
from cdp.errors import DeclarationError
from cdp.project import Project
from cdp.segments.words import rule_in_words

Declare = Callable[[str, str], Path]

TIMELINE = """\
  - name: fct_customer_events
    columns:
      - {name: event_id, data_type: varchar}
      - {name: customer_id, data_type: bigint}
      - {name: event_type, data_type: varchar}
      - {name: occurred_at, data_type: timestamp}
      - {name: value_cents, data_type: bigint}
      - {name: channel, data_type: varchar}
      - {name: _arrival, data_type: bigint}
"""
NAMES = "events: {order_placed: An order., cart_filled: A cart., email_click: A click.}\n"


@pytest.fixture
def project(project: Project) -> Project:
    """The project with a timeline, three events and the customers' time zones."""
    sheet = project.dbt_project / "models/marts/customers/_customers__models.yml"
    sheet.write_text(sheet.read_text() + "      - {name: time_zone, data_type: varchar}\n" + TIMELINE)
    project.activation.mkdir(exist_ok=True)
    (project.activation / "events.yml").write_text(NAMES)
    return project


def rule_of(project: Project, name: str = "a") -> Rule:
    definition = load_segments(project)[name].definition
    assert isinstance(definition, Rule)
    return definition


def conditions(rule: Rule) -> list[Condition]:
    return [leaf for leaf in leaves(rule) if isinstance(leaf, Condition)]


def complaint(project: Project) -> str:
    with pytest.raises(DeclarationError) as caught:
        load_segments(project)
    return str(caught.value)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{did: order_placed}", "did order_placed"),
        ("{did_not: order_placed}", "not did order_placed"),
        ("{did: order_placed, within_last: 30 days}", "did order_placed within the last 30 days"),
        ("{did: order_placed, more_than_ago: 2 hours}", "did order_placed more than 2 hours ago"),
        (
            "{did: order_placed, within_last: 2 calendar days}",
            "the last order_placed is within the last 2 calendar days",
        ),
        (
            "{did: order_placed, at_least: 3, within_last: 90 days, where: {channel: shop}}",
            "did order_placed (channel is “shop”) at least 3 times within the last 90 days",
        ),
        ("{did: order_placed, at_most: 2}", "did order_placed at most 2 times"),
        ("{did: order_placed, exactly: 1}", "did order_placed exactly 1 time"),
        ("{did_not: order_placed, at_least: 3}", "did order_placed less than 3 times"),
        (
            "{did: cart_filled, then_not: order_placed, within: 24 hours}",
            "did cart_filled at least 1 time not followed by order_placed within 24 hours",
        ),
        (
            "{sum: value_cents, of: order_placed, within_last: 30 days, at_least: 500}",
            "the sum of value_cents of order_placed within the last 30 days is at least 500",
        ),
        ("{first: order_placed, known: false}", "the first order_placed is not known"),
        ("{top: {count: 10, by: orders_count}}", "among the 10 highest by orders_count"),
        ("{sample: {percent: 12.5, salt: spring}}", "in the 12.5 percent drawn by “spring”"),
    ],
)
def test_a_rule_reads_as_it_is_meant(project: Project, declare: Declare, rule: str, words: str) -> None:
    declare("segments/a", f"rule: {rule}")
    assert rule_in_words(rule_of(project)) == words


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{did: order_placd}", "there is no event `order_placd`. Did you mean `order_placed`?"),
        ("{did: 3}", "expected the name of an event."),
        ("{did: order_placed, within_lst: 3 days}", "`within_lst` is not a known key. Did you mean `within_last`?"),
        ("{did: order_placed, within_last: a while}", "expected a length of time, not 'a while'"),
        ("{did: order_placed, at_least: 0}", "That holds for everybody."),
        ("{did: order_placed, at_most: 0}", "Write `did_not` for never."),
        ("{did: order_placed, at_least: true}", "`at_least` takes how many times"),
        ("{did: order_placed, at_least: 3, at_most: 2}", "nothing happens at least 3 and at most 2 times."),
        ("{did: order_placed, at_least: 3, exactly: 3}", "`exactly` says it all."),
        ("{did: order_placed, within_last: 2 days, more_than_ago: 48 hours}", "nothing is both more than 48 hours ago"),
        (
            "{did: order_placed, within_last: 2 calendar days, more_than_ago: 2 calendar days}",
            "nothing is both more than 2 calendar days ago",
        ),
        ("{did: order_placed, between: [2017-02-01, 2017-01-01]}", "swap them"),
        ("{did: order_placed, where: {chanel: shop}}", "events have no column `chanel`. Did you mean `channel`?"),
        ("{did: order_placed, where: {customer_id: 3}}", "events have no column `customer_id`."),
        ("{did: order_placed, where: {channel: 3}}", "the trait is text, not 3"),
        ("{did: order_placed, where: {channel: {at_least: a}}}", "`at_least` does not apply to `channel`"),
        ("{did: order_placed, where: {occurred_at: {within_last: 3 days}}}", "stands beside the event"),
        ("{did: order_placed, where: [channel]}", "`where` takes columns with what is asked of them."),
        ("{did: order_placed, within: 3 days}", "`within` goes with `then` or `then_not`."),
        ("{did: cart_filled, then: order_placed}", "one of `then` and `then_not` goes with one `within: 24 hours`."),
        ("{did: cart_filled, then: order_placed, within: 2 calendar days}", "timed in hours or days"),
        ("{did: cart_filled, then: {where: {}}, within: 2 days}", "what follows is `{did: event, where: {…}}`."),
        (
            "{did: cart_filled, then_not: order_placed, within: 24 hours, within_last: 1 day}",
            "within the last 1 day nothing can have gone 24 hours without what follows.",
        ),
        ("{sum: value_cents, at_least: 3}", "`sum` needs the event that it is `of`."),
        ("{sum: channel, of: order_placed, at_least: 3}", "`channel` is text: it has no `sum`."),
        ("{sum: value_cents, of: order_placed}", "nothing is asked of"),
        ("{first: order_placed, at_last: 3}", "`at_last` is not an operator."),
        ("{top: {count: 0, by: orders_count}}", "`count` takes how many customers, from 1."),
        ("{top: {count: 5, by: city}}", "`city` is text: it has no highest."),
        ("{top: 5}", "`top` is written `top: {count: …, by: …}`."),
        ("{sample: {percent: 12.345, salt: a}}", "at most two decimals"),
        ("{sample: {percent: 100, salt: a}}", "above 0 and below 100"),
        ("""{sample: {percent: 5, salt: "a') }}"}}""", "`salt` takes a word of small letters"),
    ],
)
def test_a_mistake_is_answered_with_its_line_and_what_to_write(
    project: Project, declare: Declare, rule: str, told: str
) -> None:
    declare("segments/a", f"rule:\n  {rule}")
    message = complaint(project)
    assert told in message
    assert "segments/a.yml:" in message


def test_equal_questions_share_a_column_however_they_are_written(project: Project, declare: Declare) -> None:
    declare(
        "segments/a",
        "rule: {all: [{did: order_placed, at_least: 2, where: {channel: shop, value_cents: 5}},"
        " {did: order_placed, at_most: 9, where: {value_cents: {is: 5}, channel: [shop]}},"
        " {did: order_placed, at_most: 9, where: {value_cents: {is: 5}, channel: {is: shop}}}]}",
    )
    first, second, third = (condition.trait for condition in conditions(rule_of(project)))
    assert first == third != second


def test_whoever_has_no_events_did_it_at_most_twice(project: Project, declare: Declare) -> None:
    declare("traits/orders", "count: order_placed")
    declare("segments/a", "rule: {any: [{did: order_placed, at_most: 2}, {trait: orders, between: [0, 2]}]}")
    asked = {(each.operator, each.operand) for each in conditions(rule_of(project))}
    assert asked == {(Operator.MORE_THAN, 2), (Operator.LESS_THAN, 0)}


def test_a_count_is_always_known(project: Project, declare: Declare) -> None:
    declare("traits/orders", "count: order_placed")
    declare("segments/a", "rule: {trait: orders, known: false}")
    assert "a.yml:4: `orders` is a count: it is always known, 0 for nothing." in complaint(project)


def test_a_trait_in_calendar_days_asks_a_column_of_its_own(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {trait: last_order_at, within_last: 7 calendar days}")
    (condition,) = conditions(rule_of(project))
    assert isinstance(condition.trait, CalendarCheck)
    assert condition.trait.of.name == "last_order_at"


def test_calendar_days_need_to_know_where_customers_live(project: Project, declare: Declare) -> None:
    sheet = project.dbt_project / "models/marts/customers/_customers__models.yml"
    sheet.write_text(sheet.read_text().replace("time_zone", "zone"))
    declare("segments/a", "rule: {did: order_placed, at_least: 2, within_last: 7 calendar days}")
    assert "a.yml:4: calendar days need the column `time_zone`" in complaint(project)


def test_except_takes_members_of_other_segments_out(project: Project, declare: Declare) -> None:
    declare("segments/b", "rule: {trait: city, is: Rome}")
    declare("segments/a", "rule: {did: order_placed}\nexcept: [b]")
    rule = rule_of(project)
    assert isinstance(rule, All) and isinstance(rule.rules[1], Not)
    assert rule_in_words(rule) == "did order_placed and not in segment b"
    declare("segments/a", "rule: {did: order_placed}\nexcept: [a]")
    assert "circle: a → a" in complaint(project)
    declare("segments/a", "rule: {did: order_placed}\nexcept: [b, c]")
    assert "a.yml:5: there is no segment `c`." in complaint(project)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("count: order_placd", "there is no event `order_placd`."),
        ("count: order_placed\nlast: order_placed", "a trait is made of events in one way."),
        ("within_last: 3 days", "a trait is made of events in one way."),
        ("count: order_placed\nexpires_after: 3 days", "a count, which is never unknown. Count `within_last` instead."),
        ("last: order_placed\nwithin_last: 3 days", "`within_last` does not go with `last`."),
        ("sum: value_cents", "`sum` needs the event that it is `of`."),
        ("count: order_placed\nunit: orders", "`unit` is not a known key."),
    ],
)
def test_a_declared_trait_is_checked_where_it_is_written(
    project: Project, declare: Declare, body: str, told: str
) -> None:
    declare("traits/orders", body)
    message = complaint(project)
    assert told in message
    assert "traits/orders.yml" in message


def test_a_declared_trait_is_a_trait_like_any_other(project: Project, declare: Declare) -> None:
    declare("traits/best_order", "max: value_cents\nof: order_placed\nexpires_after: 90 days")
    declare("segments/a", "rule: {trait: best_order, at_least: 500}")
    (condition,) = conditions(rule_of(project))
    assert isinstance(condition.trait, EventFact)
    assert condition.trait.name == "best_order" and condition.trait.model == "int_segments__event_facts"
    declare("traits/city", "count: order_placed")
    assert "`dim_customer_traits` has a column `city` already." in complaint(project)


def test_a_trait_is_not_called_by_a_word_of_sql(project: Project, declare: Declare) -> None:
    declare("traits/select", "count: order_placed")
    assert "select.yml:1: `select` is a word of SQL, which cannot be a column." in complaint(project)


def test_a_project_without_events_says_where_they_are_listed(project: Project, declare: Declare) -> None:
    (project.activation / "events.yml").unlink()
    declare("segments/a", "rule: {did: order_placed}")
    assert "there is no event `order_placed`. The known names are in `activation/events.yml`." in complaint(project)


def test_a_broken_list_of_events_names_its_line(project: Project, declare: Declare) -> None:
    (project.activation / "events.yml").write_text("events:\n  Order Placed: An order.\n")
    with pytest.raises(DeclarationError, match=r"events\.yml:2"):
        read_segments(project)


def test_leaves_are_values(project: Project, declare: Declare) -> None:
    declare("segments/a", "rule: {did: order_placed}")
    first: Leaf = conditions(rule_of(project))[0]
    assert first == conditions(rule_of(project))[0]
