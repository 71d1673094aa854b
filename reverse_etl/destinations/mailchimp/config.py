"""What Mailchimp can do, and what an account and a sync may say of it."""

from __future__ import annotations

import re
from typing import Literal

import httpx
from pydantic import Field

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account, CapabilitySheet, Options

DATA_CENTRE = "{dc}"
BASE_URL = f"https://{DATA_CENTRE}.api.mailchimp.com/3.0"
TIMEOUT = httpx.Timeout(120.0, connect=3.0)  # Mailchimp's own; 500 contacts can take most of it
_IN_KEY = re.compile(r"-([a-z]+\d+)$")

# Mailchimp limits how many calls are open at once (10), not how many there are: a sync has one open.
CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "add_only"}),
    max_rows=500,
    max_bytes=5_000_000,
    limits=(),
    acknowledges="row",
    idempotency="natural",
)


class MailchimpSync(Options):
    """`tag` is what marks a contact as one of this sync's; `status` is what a contact gets that is new there."""

    tag: str = Field(min_length=1, max_length=100)
    status: Literal["subscribed", "pending", "transactional"] = "subscribed"


def address(account: Account) -> str:
    """Where the account is: its key ends in the name of its data centre.

    Raises ConfigurationError where it does not, and the account does not say where it is.
    """
    if DATA_CENTRE not in account.base_url:
        return account.base_url
    found = _IN_KEY.search(account.secret.reveal())
    if found is None:
        raise ConfigurationError(
            f"the key of `{account.name}` does not name a data centre.",
            remedy="A Mailchimp key ends in it, such as `-us21`: copy the whole key.",
        )
    return account.base_url.replace(DATA_CENTRE, found[1])
