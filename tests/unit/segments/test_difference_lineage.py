"""Which columns a change of a statement reaches: by what each column is made of, not by where its text stands."""

from __future__ import annotations

import pytest

from cdp.segments.difference.graph import Graph, Model
from cdp.segments.difference.lineage import Reach, reach_of_change
from cdp.segments.statements import ROWS, UnreadableError, columns_of_statement

SCHEMA = {
    "cdp": {
        "orders": ["customer_id", "cents", "status"],
        "people": ["customer_id", "city"],
        "clock": ["as_of"],
    },
    "raw_shop": {"orders": ["customer_id", "cents"]},
}
TRAITS = """
with totals as (select customer_id, sum(cents) as spent, count(*) as orders_count from warehouse.cdp.orders
    where status = 'placed' group by customer_id)
select people.customer_id, people.city, totals.spent, totals.orders_count + 1 as next_order
from warehouse.cdp.people as people left join totals on people.customer_id = totals.customer_id
"""


def changed(before: str, after: str) -> set[str]:
    """The columns that two versions of a statement do not make of the same."""
    old, new = (columns_of_statement(each, SCHEMA, "duckdb", "cdp") for each in (before, after))
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def reads(statement: str, column: str) -> set[str]:
    found = columns_of_statement(statement, SCHEMA, "duckdb", "cdp")[column].reads
    return {f"{relation}.{name}" for relation, name in found if name != ROWS}


def test_a_column_reads_what_it_is_made_of_and_what_picks_its_rows() -> None:
    assert reads(TRAITS, "spent") == {"people.customer_id", "orders.customer_id", "orders.cents", "orders.status"}
    assert reads(TRAITS, "city") == {"people.city"}
    assert reads("select * from raw_shop.orders", "cents") == {"raw_shop.orders.cents"}


@pytest.mark.parametrize(
    ("old", "new", "columns"),
    [
        ("sum(cents)", "max(cents)", {"spent"}),
        ("+ 1", "+ 2", {"next_order"}),
        ("status = 'placed'", "status = 'sent'", {"spent", "next_order"}),
        ("left join totals", "inner join totals", {ROWS, "customer_id", "city", "spent", "next_order"}),
        ("people.city,", "people.city, people.city as town,", {"town"}),
        ("\nselect people", "\n-- a remark\nselect   people", set()),
        ("as people left", "as people left", set()),
    ],
)
def test_a_change_reaches_the_columns_that_are_made_of_it(old: str, new: str, columns: set[str]) -> None:
    assert changed(TRAITS, TRAITS.replace(old, new)) == columns


@pytest.mark.parametrize(
    ("before", "after", "columns"),
    [
        (
            "select city from cdp.people as p where exists (select 1 from cdp.orders where cents = p.customer_id)",
            "select city from cdp.people as p where exists (select 1 from cdp.orders where cents > p.customer_id)",
            {ROWS, "city"},
        ),
        (
            "select city, 1 as one from cdp.people union all select status, 1 from cdp.orders",
            "select city, 1 as one from cdp.people union all select status, 2 from cdp.orders",
            {"one"},
        ),
        (
            "select city, 1 as one from cdp.people union all select status, 1 from cdp.orders",
            "select city, 1 as one from cdp.people union all select status, 1 from cdp.orders where cents > 0",
            {ROWS, "city", "one"},
        ),
        (
            "select city, 1 as one from cdp.people union select status, 1 from cdp.orders",
            "select city, 1 as one from cdp.people union select status, 2 from cdp.orders",
            {ROWS, "city", "one"},
        ),
        (
            "select distinct city, 1 as one from cdp.people",
            "select distinct city, 2 as one from cdp.people",
            {ROWS, "city", "one"},
        ),
        (
            "select city, customer_id from cdp.people order by city",
            "select city, customer_id from cdp.people order by customer_id",
            set(),
        ),
        (
            "select city, customer_id from cdp.people order by city limit 3",
            "select city, customer_id from cdp.people order by customer_id limit 3",
            {ROWS, "city", "customer_id"},
        ),
        (
            "select city, customer_id + 1 as place from cdp.people order by place limit 3",
            "select city, customer_id - 1 as place from cdp.people order by place limit 3",
            {ROWS, "city", "place"},
        ),
        (
            "select customer_id, row_number() over (order by cents) as place, cents from cdp.orders",
            "select customer_id, row_number() over (order by status) as place, cents from cdp.orders",
            {"place"},
        ),
        (
            "select customer_id, cents > (select max(as_of) from cdp.clock) as late from cdp.orders",
            "select customer_id, cents > (select min(as_of) from cdp.clock) as late from cdp.orders",
            {"late"},
        ),
        (
            "select n, customer_id from cdp.people cross join (values (1), (2)) as numbers(n)",
            "select n, customer_id from cdp.people cross join (values (1), (3)) as numbers(n)",
            {ROWS, "n", "customer_id"},
        ),
    ],
)
def test_what_picks_the_rows_reaches_every_column(before: str, after: str, columns: set[str]) -> None:
    assert changed(before, after) == columns


def test_the_columns_of_a_table_that_nobody_knows_are_its_own_where_it_stands_alone() -> None:
    assert reads("select id from cdp.unknown where age > 3", "id") == {"unknown.id", "unknown.age"}
    with pytest.raises(UnreadableError):
        reads("select age from cdp.unknown as a cross join cdp.stranger as b", "age")


@pytest.mark.parametrize("statement", ["select from where", "drop table cdp.people", "select nobody from cdp.people"])
def test_a_statement_that_is_not_understood(statement: str) -> None:
    with pytest.raises(UnreadableError):
        columns_of_statement(statement, SCHEMA, "duckdb", "cdp")


def graph(**statements: str | None) -> Graph:
    """Models by name; each reads those before it that its statement names, and one without a statement all of them."""
    models: Graph = {}
    for name, statement in statements.items():
        parents = frozenset(each for each in models if statement is None or each in statement)
        models[name] = Model(name, statement or "opaque", statement, parents)
    return models


ORDERS = "select customer_id, cents, 1 as flag from raw_shop.orders"
SPENT = "select customer_id, sum(cents) as spent from cdp.stg_orders group by customer_id"
SHEET = "select customer_id, spent, 1 as one from cdp.int_spent"


def reach(before: Graph, after: Graph) -> Reach:
    return reach_of_change(before, after, SCHEMA, "duckdb", "cdp")


def test_a_change_goes_down_by_the_columns_that_read_it() -> None:
    before = graph(stg_orders=ORDERS, int_spent=SPENT, sheet=SHEET)
    cents = graph(stg_orders=ORDERS.replace("cents,", "cents / 2 as cents,"), int_spent=SPENT, sheet=SHEET)
    found = reach(before, cents)
    assert found.of(("sheet", "spent")) == {"stg_orders"}
    assert found.of(("sheet", "one")) == found.of(("int_spent", "customer_id")) == frozenset()
    flag = graph(stg_orders=ORDERS.replace("1 as flag", "2 as flag"), int_spent=SPENT, sheet=SHEET)
    assert reach(before, flag).models == {"stg_orders"}


def test_every_changed_model_on_the_way_is_named() -> None:
    before = graph(stg_orders=ORDERS, int_spent=SPENT, sheet=SHEET)
    after = graph(
        stg_orders=ORDERS.replace("cents,", "cents / 2 as cents,"),
        int_spent=SPENT.replace("sum(", "max("),
        sheet=SHEET,
    )
    assert reach(before, after).of(("sheet", "spent")) == {"stg_orders", "int_spent"}


def test_a_new_model_is_changed_and_nothing_is_not() -> None:
    before = graph(stg_orders=ORDERS)
    assert reach(before, before).models == set()
    found = reach(before, graph(stg_orders=ORDERS, int_spent=SPENT))
    assert found.of(("int_spent", "spent")) == {"int_spent"}


def test_nothing_tells_the_columns_of_an_opaque_model_apart_nor_its_tables() -> None:
    named = "select customer_id, component from cdp.int_clusters__beside"
    before = graph(stg_orders=ORDERS, int_clusters=None, named=named)
    after = graph(stg_orders=ORDERS.replace("1 as flag", "2 as flag"), int_clusters=None, named=named)
    found = reach(before, after)
    assert found.of(("int_clusters", "anything")) == found.of(("named", "component")) == {"stg_orders"}


def test_sql_that_nobody_understands_counts_as_changed_and_is_named() -> None:
    strange = "select customer_id from cdp.stg_orders match_recognize ((("
    before = graph(stg_orders=ORDERS, int_strange=strange)
    assert reach(before, before).unread == []
    after = graph(stg_orders=ORDERS.replace("cents,", "cents / 2 as cents,"), int_strange=strange)
    found = reach(before, after)
    assert found.unread == ["int_strange"]
    assert found.of(("int_strange", "customer_id")) == {"stg_orders"}
