"""One row per customer: nobody twice, nobody without an id, and most of them reachable."""

from quality.measures import (
    E164,
    EMAIL,
    Bound,
    Suite,
    any_rows,
    keeps_its_size,
    malformed,
    none_of,
    repeated,
    rows_where,
    share_where,
)

SUITE = Suite(
    table="dim_customers",
    measures={
        "missing_ids": rows_where("customer_id is null"),
        "repeated_ids": repeated("customer_id"),
        "malformed_emails": malformed("email", EMAIL),
        "malformed_phones": malformed("phone", E164),
        "named_share": share_where("first_name is not null or last_name is not null"),
        "reachable_share": share_where("email is not null or phone is not null"),
        "largest_share_of_records": "max(records_count) / cast(sum(records_count) as double)",
    },
    bounds=[
        any_rows(),
        none_of("missing_ids", "every customer has an id"),
        none_of("repeated_ids", "a customer is one row"),
        none_of("malformed_emails", "an e-mail address has the shape of one"),
        none_of("malformed_phones", "a phone number is E.164"),
        Bound("named_share", "at least 1 in 100 customers has a name", low=0.01),
        Bound("reachable_share", "at least 1 in 100 customers has an address", low=0.01),
        Bound("largest_share_of_records", "no customer is made of a quarter of all records", high=0.25),
        keeps_its_size(0.5),
    ],
)
