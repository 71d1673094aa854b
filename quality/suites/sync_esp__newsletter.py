"""One row per subscriber, as the e-mail tool shall hold them."""

from quality.measures import EMAIL, Suite, any_rows, keeps_its_size, malformed, none_of, repeated, rows_where

SUITE = Suite(
    table="sync_esp__newsletter",
    measures={
        "missing_emails": rows_where("email is null"),
        "missing_customers": rows_where("customer_id is null"),
        "repeated_emails": repeated("email"),
        "malformed_emails": malformed("email", EMAIL),
    },
    bounds=[
        any_rows(),
        none_of("missing_emails", "every subscriber has an e-mail address"),
        none_of("missing_customers", "every subscriber is a customer"),
        none_of("repeated_emails", "an address is there once"),
        none_of("malformed_emails", "an e-mail address has the shape of one"),
        keeps_its_size(0.6),
    ],
)
