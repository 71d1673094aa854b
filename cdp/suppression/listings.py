"""Listing addresses, moving listings to a newer key, and looking addresses up: SQL over the views of `state`."""

from __future__ import annotations

from cdp.declarations.addresses import Reason
from cdp.suppression.keys import keyed_token

LISTING_ORDER = "token, reason, listed_at"
# Only the last of several unsubscribes says which yes came after it; of all else the first counts.
_AGAIN = f"l.listed_at < c.listed_at and c.reason = '{Reason.UNSUBSCRIBED}'"


def new_listings(candidates: str) -> str:
    """SQL for the listings, under the newest key, of `candidates` (`reason`, `address_kind`, `address`, `listed_at`).

    What an accepted key lists already is left out.
    """
    return (
        "with candidates as (select reason, address_kind, address, "
        f"case when reason = '{Reason.UNSUBSCRIBED}' then max(listed_at) else min(listed_at) end as listed_at "
        f"from {candidates} group by reason, address_kind, address), "
        f"keyed as (select c.*, k.key_id, k.is_newest, {keyed_token('c.address_kind', 'c.address')} as token "
        "from candidates c cross join suppression_keys k), "
        "listed as (select c.reason, c.address_kind, c.address from keyed c join known_listings l "
        f"on l.reason = c.reason and l.key_id = c.key_id and l.token = c.token and not ({_AGAIN})) "
        "select c.reason, c.key_id, c.token, c.address_kind, c.listed_at, c.token as listing_id "
        "from keyed c anti join listed using (reason, address_kind, address) where c.is_newest"
    )


def rotated_listings() -> str:
    """SQL for the listings that only older keys know, under the newest, where a token still tells the address."""
    return (
        f"select distinct l.reason, k.key_id, {keyed_token('t.address_kind', 't.address')} as token, l.address_kind, "
        "l.listed_at, l.listing_id from known_listings l "
        "join known_tokens t on t.key_id = l.key_id and t.token = l.token "
        "join suppression_keys k on k.is_newest "
        "where l.key_id <> k.key_id and not exists (select 1 from known_listings o where o.key_id = k.key_id "
        "and o.listing_id = l.listing_id and o.reason = l.reason and o.listed_at = l.listed_at)"
    )


def listed_addresses(addresses: str) -> str:
    """SQL for what is listed of `addresses` (`line`, `address_kind`, `address`): line, reason, since when."""
    return (
        "select a.line, l.reason, min(l.listed_at) as listed_at "
        f"from {addresses} a cross join suppression_keys k join known_listings l "
        f"on l.key_id = k.key_id and l.token = {keyed_token('a.address_kind', 'a.address')} "
        "group by a.line, l.reason order by a.line, l.reason"
    )
