"""One row per order: known by its number, in one currency, with sums that are possible."""

from quality.measures import Measure, Suite, none_where, repeated, share_where

SUITE = Suite(
    table="fct_orders",
    boundary="customers",
    measures={
        "missing_ids": none_where("order_id is null", "every order has a number"),
        "repeated_ids": repeated("order_id", says="an order is one row"),
        "without_currency": none_where("currency is null", "every order has a currency"),
        "negative_gross": none_where("gross_cents < 0", "nobody is paid for ordering"),
        "known_customer_share": Measure(
            share_where("customer_id is not null"), "orders have known customers as they used to"
        ),
        "gross_cents": Measure("sum(gross_cents) / cast(count(*) as double)", "orders are worth what they used to be"),
    },
)
