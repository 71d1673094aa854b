"""What the demo world promises: which baskets are the shop's, and how messy its records are at least."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

SHOP_STORES_ABOVE = 1000
"""Every basket of a store with a greater number is a shop order."""

SHOP_BASKET_SHARE = 0.15
"""Of all baskets, this share (by a hash of the basket's number) is a shop order whatever its store."""

RESAMPLED_BASKET_SHARE = 0.1
"""A copied household keeps this share of the real one's baskets; a real household keeps all."""

DEFAULT_EVENTS_PER_CUSTOMER = 90.0
"""Web events per person and year, orders and their visits included."""

MAIL_DOMAINS = ("mail.example", "post.example", "inbox.example", "example.com", "example.org", "example.net")
"""Domains that are set aside for examples: no generated address can belong to anybody."""


def _minimum(share: float, meaning: str) -> float:
    declared: float = field(default=share, metadata={"meaning": meaning})
    return declared


@dataclass(frozen=True, slots=True)
class MessRates:
    """Declared minimum rates of mess; each is measured in the generated world by a test."""

    name_typo: float = _minimum(
        0.02, "Given names on cards that are neither the person's own spelling nor its transliteration."
    )
    name_transliterated: float = _minimum(
        0.08, "Given names on cards of persons with a Cyrillic name that are written in Latin letters."
    )
    phone_reformatted: float = _minimum(
        0.4, "Phones on cards, orders and contacts that are not in the form `+79161234567`."
    )
    junk_email: float = _minimum(0.01, "E-mails at the checkout that are `test@test.com`, `null`, empty and the like.")
    junk_phone: float = _minimum(0.01, "Phones at the checkout that are `000000`, `null`, empty and the like.")
    email_mangled: float = _minimum(0.05, "E-mails at the checkout in capitals or padded with spaces.")
    email_changed: float = _minimum(
        0.03, "Accounts that stay the same while their person moves to a new e-mail address; both are seen."
    )
    family_shared_device: float = _minimum(
        0.06, "Households of two or more that share a tablet: several accounts sign in from one cookie."
    )
    family_shared_email: float = _minimum(0.06, "Households of two or more whose cards all carry one e-mail address.")
    cashier_phone: float = _minimum(0.01, "Phones on receipts without a card that are really the cashier's own.")
    guest_then_account: float = _minimum(0.1, "Accounts opened by someone who had ordered as a guest before.")
    late: float = _minimum(
        0.01, "Web events, shop orders and receipts that arrive in the file of a later day than their own."
    )
    resent: float = _minimum(0.004, "Web events sent twice under one `messageId`.")
    crm_deleted: float = _minimum(0.02, "Contacts that are deleted from the CRM during the year.")
    consent_unconfirmed: float = _minimum(
        0.03, "Requests for the newsletter that are never confirmed by the link in the first letter."
    )
    consent_withdrawn: float = _minimum(0.06, "Consents given that are withdrawn.")
    consent_regranted: float = _minimum(0.15, "Withdrawn consents that are given again.")
    malformed_web_lines: float = _minimum(0.0001, "Extra lines of the web files that are not JSON.")
    malformed_receipt_lines: float = _minimum(
        0.00005, "Extra lines of the receipt files with an unreadable amount or missing columns."
    )
    anonymous_receipts: float = _minimum(0.1, "Receipts with neither a card nor a phone.")


CASHIER_PHONE_STRANGERS = 40
"""In the default world each cashier's own phone stands on at least so many receipts of strangers."""

BASKET_RULES = (
    f"A basket is a shop order when its store has a number above {SHOP_STORES_ABOVE}, or by a hash of the basket's "
    f"number ({SHOP_BASKET_SHARE:.0%} of all); every other basket is a till receipt.",
    "Every real line stands on exactly one order or receipt, with its real product, quantity, moment and cents; "
    "`coupon_discount` is the coupon and what the retailer matched of it. "
    "Refunds, returns and malformed lines come on top.",
    "Campaign sends and coupon redemptions of a household are those of the first card of its head.",
    "A resampled world (`--customers`) copies households under new ids, "
    f"each with {RESAMPLED_BASKET_SHARE:.0%} of its baskets.",
)
"""How the real rows are dealt out, one sentence each."""


def declared(rates: MessRates) -> list[tuple[str, float, str]]:
    """Name, minimum share and meaning of every rate."""
    return [(rate.name, getattr(rates, rate.name), rate.metadata["meaning"]) for rate in fields(rates)]
