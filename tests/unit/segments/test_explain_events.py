"""Each leaf about events, ranks and samples beside the customer's own value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from cdp.declarations.segments import load_segments
from cdp.project import Project
from cdp.segments.explain import Reason, explain_membership
from tests.unit.declarations.test_event_rules import NAMES, TIMELINE
from tests.unit.segments.test_explain import MemoryReader

Declare = Callable[[str, str], Path]


@pytest.fixture
def explain(project: Project, declare: Declare) -> Iterator[Callable[[str, int], list[Reason]]]:
    sheet = project.dbt_project / "models/marts/customers/_customers__models.yml"
    sheet.write_text(sheet.read_text() + "      - {name: time_zone, data_type: varchar}\n" + TIMELINE)
    project.activation.mkdir()
    (project.activation / "events.yml").write_text(NAMES)
    with duckdb.connect() as connection:
        connection.execute(
            "create table dim_customer_traits as select * from (values"
            " (7, 14, timestamp '2017-10-20', 'Europe/Berlin'), (8, 3, null, 'UTC'))"
            " as t (customer_id, orders_count, last_order_at, time_zone)"
        )
        connection.execute(
            "create table fct_customer_events as select * from (values"
            " (7, 'order_placed', timestamp '2017-10-20', 500, 'shop'),"
            " (7, 'order_placed', timestamp '2017-10-31 23:30', 700, 'pos'),"
            " (7, 'cart_filled', timestamp '2017-10-30', 900, 'shop'))"
            " as t (customer_id, event_type, occurred_at, value_cents, channel)"
        )

        def explained(rule: str, customer: int) -> list[Reason]:
            declare("segments/a", f"rule: {rule}")
            segments = load_segments(project)
            return explain_membership(MemoryReader(connection), segments, segments["a"], customer)

        yield explained


@pytest.mark.parametrize(
    ("rule", "value", "holds"),
    [
        ("{did: order_placed, at_least: 3}", 2, False),
        ("{did: order_placed, exactly: 1, where: {channel: pos}}", 1, True),
        ("{did: order_placed, within_last: 1 hour}", datetime(2017, 10, 31, 23, 30), True),
        ("{did: order_placed, within_last: 1 calendar day}", datetime(2017, 10, 31, 23, 30), True),
        ("{sum: value_cents, of: order_placed, within_last: 7 days, at_least: 701}", 700, False),
        ("{did: cart_filled, then_not: order_placed, within: 24 hours}", 1, True),
        ("{trait: last_order_at, within_last: 3 calendar days}", datetime(2017, 10, 20), False),
        ("{top: {count: 1, by: orders_count}}", 1, True),
        ("{sample: {percent: 50, salt: spring}}", 7461, False),
    ],
)
def test_the_customers_own_value_stands_beside_what_is_asked(
    explain: Callable[[str, int], list[Reason]], rule: str, value: object, holds: bool
) -> None:
    (reason,) = explain(rule, 7)
    assert (reason.value, reason.holds) == (value, holds)


def test_somebody_without_events_did_it_no_times(explain: Callable[[str, int], list[Reason]]) -> None:
    reasons = explain("{did: order_placed, at_most: 2}", 8)
    assert [(each.value, each.holds) for each in reasons] == [(None, True), (0, False)]
    assert reasons[0].asked == "not"
