"""The kinds of files that sources send, one stream each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LOYALTY_HEADER = "card_number,first_name,last_name,phone,email,birth_date,gender,city,postcode,registered_at,updated_at"
POS_HEADER = (
    "receipt_id;line_no;receipt_type;original_receipt_id;store_id;cashier;closed_at;product_id;quantity;amount;"
    "discount;coupon_discount;loyalty_card;phone"
)


@dataclass(frozen=True, slots=True)
class Stream:
    """Files of one shape.

    Rows are staged in `stage_<name>` with `delivered_on`, `file` and `position`, which order them. Text formats are
    rendered line by line by `sql/files/<name>.sql`; a Parquet file holds the remaining columns.
    """

    name: str
    format: Literal["parquet", "csv", "ndjson", "json"]
    header: str | None = None
    encoding: str = "utf-8"

    @property
    def frame(self) -> tuple[str, str, str]:
        """What stands before, between and after the lines of a text file."""
        if self.format == "json":
            return "[\n", ",\n", "\n]\n"
        return f"{self.header}\n" if self.header else "", "\n", "\n"


REFERENCE_STREAMS = (Stream("products", "parquet"), Stream("campaigns", "parquet"))
HOUSEHOLD_STREAMS = (
    Stream("shop_orders", "parquet"),
    Stream("pos", "csv", header=POS_HEADER, encoding="windows-1251"),
    Stream("web", "ndjson"),
    Stream("esp", "ndjson"),
    Stream("shop_returns", "parquet"),
    Stream("loyalty", "csv", header=LOYALTY_HEADER),
    Stream("demographics", "parquet"),
    Stream("campaign_sends", "parquet"),
    Stream("coupon_redemptions", "parquet"),
    Stream("consents", "ndjson"),
    Stream("support", "json"),
)
STREAMS = HOUSEHOLD_STREAMS + REFERENCE_STREAMS

CRM = "crm"
"""Staged like a stream, but applied to a database table instead of written to files."""
