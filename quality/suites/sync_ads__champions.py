"""One row per customer, as hashes: somebody whom the tool can match by at least one of them."""

from quality.measures import Suite, none_where

SUITE = Suite(
    table="sync_ads__champions",
    boundary="payloads",
    measures={
        "without_hash": none_where(
            "email_meta_sha256 is null and phone_meta_sha256 is null", "every row can be matched"
        )
    },
)
