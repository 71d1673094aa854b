"""One row per phone number to remind. Carts come and go within a day, so an empty list is no fault."""

from quality.measures import Suite, none_where

SUITE = Suite(
    table="sync_sms__cart_reminder",
    boundary="payloads",
    measures={
        "empty_carts": none_where(
            "cart_abandoned_at is null or cart_value_cents <= 0", "nobody is reminded of an empty cart"
        )
    },
)
