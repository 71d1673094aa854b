"""One row per order: known by its number, in one currency, with sums that are possible."""

from quality.measures import Bound, Suite, any_rows, keeps_its_size, none_of, repeated, rows_where, share_where

SUITE = Suite(
    table="fct_orders",
    measures={
        "missing_ids": rows_where("order_id is null"),
        "repeated_ids": repeated("order_id"),
        "without_currency": rows_where("currency is null"),
        "negative_gross": rows_where("gross_cents < 0"),
        "known_customer_share": share_where("customer_id is not null"),
    },
    bounds=[
        any_rows(),
        none_of("missing_ids", "every order has a number"),
        none_of("repeated_ids", "an order is one row"),
        none_of("without_currency", "every order has a currency"),
        none_of("negative_gross", "nobody is paid for ordering"),
        Bound("known_customer_share", "at least 1 in 20 orders has a known customer", low=0.05),
        keeps_its_size(0.9),
    ],
)
