"""One row per customer, as hashes: an address in clear must never get this far."""

from quality.measures import SHA256, Suite, keeps_its_size, malformed, none_of, repeated, rows_where

SUITE = Suite(
    table="sync_ads__champions",
    measures={
        "missing_customers": rows_where("customer_id is null"),
        "repeated_customers": repeated("customer_id"),
        "malformed_email_hashes": malformed("email_meta_sha256", SHA256),
        "malformed_phone_hashes": malformed("phone_meta_sha256", SHA256),
        "without_hash": rows_where("email_meta_sha256 is null and phone_meta_sha256 is null"),
    },
    bounds=[
        none_of("missing_customers", "every row is a customer"),
        none_of("repeated_customers", "a customer is there once"),
        none_of("malformed_email_hashes", "an e-mail hash is 64 hex digits"),
        none_of("malformed_phone_hashes", "a phone hash is 64 hex digits"),
        none_of("without_hash", "every row can be matched"),
        keeps_its_size(0.5),
    ],
)
