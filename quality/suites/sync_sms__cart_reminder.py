"""One row per phone number to remind. Carts come and go within a day, so an empty list is no fault."""

from quality.measures import E164, Suite, malformed, none_of, repeated, rows_where

SUITE = Suite(
    table="sync_sms__cart_reminder",
    measures={
        "missing_phones": rows_where("phone is null"),
        "missing_customers": rows_where("customer_id is null"),
        "repeated_phones": repeated("phone"),
        "malformed_phones": malformed("phone", E164),
        "empty_carts": rows_where("cart_abandoned_at is null or cart_value_cents <= 0"),
    },
    bounds=[
        none_of("missing_phones", "every recipient has a phone number"),
        none_of("missing_customers", "every recipient is a customer"),
        none_of("repeated_phones", "a number is there once"),
        none_of("malformed_phones", "a phone number is E.164"),
        none_of("empty_carts", "nobody is reminded of an empty cart"),
    ],
)
