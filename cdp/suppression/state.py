"""What is known of tokens and listings, as views of the landing's engine; whether the keys are those that made them."""

from __future__ import annotations

import duckdb

from cdp.errors import ConfigurationError
from cdp.landing.lake import Lake, parquet_relation
from cdp.suppression.keys import VARIABLE, KeyRing

SOURCE = "suppression"
TOKEN_COLUMNS = {"key_id": "varchar", "token": "varchar", "address_kind": "varchar", "address": "varchar"}
LISTING_COLUMNS = {
    "reason": "varchar",
    "key_id": "varchar",
    "token": "varchar",
    "address_kind": "varchar",
    "listed_at": "timestamp",
    "listing_id": "varchar",
}

_KEYS = (
    "unnest(cast(getvariable('suppression_keys') as "
    "struct(key_id varchar, is_newest boolean, inner_pad blob, outer_pad blob)[]), recursive := true)"
)


def open_state(connection: duckdb.DuckDBPyConnection, lake: Lake, ring: KeyRing) -> None:
    """Views `known_tokens` and `known_listings` over what is committed, and `suppression_keys`.

    Raises ConfigurationError where a key is missing or is not the one of its name.
    """
    for view, table, columns in (
        ("known_tokens", "tokens", TOKEN_COLUMNS),
        ("known_listings", "listings", LISTING_COLUMNS),
    ):
        connection.execute(f"create or replace temp view {view} as {_landed(lake, table, columns)}")
    # A variable, not a table: nothing of it is ever written to the disk, and no statement has it in its text.
    connection.execute("set variable suppression_keys = ?", [ring.rows()])
    connection.execute(f"create or replace temp view suppression_keys as select {_KEYS}")
    _refuse_missing_keys(connection, ring)
    _refuse_changed_keys(connection, ring)


def _landed(lake: Lake, table: str, columns: dict[str, str]) -> str:
    if parts := lake.parts(SOURCE, table):
        return f"select {', '.join(columns)} from {parquet_relation(parts)}"
    return f"select {', '.join(f'cast(null as {kind}) as {name}' for name, kind in columns.items())} where false"


def known_by_one_key(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """By key, how many listings no accepted key but this one knows: what dropping the key would forget."""
    rows = connection.execute(
        "with listings as (select distinct key_id, listing_id, reason, listed_at from known_listings) "
        "select key_id, count(*) from listings l where not exists ("
        "select 1 from listings o join suppression_keys k on k.key_id = o.key_id where o.key_id <> l.key_id "
        "and o.listing_id = l.listing_id and o.reason = l.reason and o.listed_at = l.listed_at) group by key_id"
    ).fetchall()
    return dict(rows)


def _refuse_missing_keys(connection: duckdb.DuckDBPyConnection, ring: KeyRing) -> None:
    missing = {key: count for key, count in known_by_one_key(connection).items() if key not in ring.key_ids}
    if missing:
        told = ", ".join(f"`{key}` ({count:,} listed)" for key, count in sorted(missing.items()))
        raise ConfigurationError(
            f"{VARIABLE} lacks {told}: addresses that only this key knows could come back unseen.",
            remedy="Set it again beside the newest; docs/runbooks/rotate-suppression-keys.md says when a key may go.",
        )


def _refuse_changed_keys(connection: duckdb.DuckDBPyConnection, ring: KeyRing) -> None:
    """One token of each key is made again: under another secret of the same name nothing would ever match."""
    for key in ring.keys:
        sample = connection.execute(
            "select token, address_kind, address from known_tokens where key_id = ? limit 1", [key.key_id]
        ).fetchall()
        if sample and not key.made(*sample[0]):
            raise ConfigurationError(
                f"{VARIABLE}: `{key.key_id}` is not the key that made the tokens of this name.",
                remedy="Set the key it was, or give the new one a name of its own, before it.",
            )
