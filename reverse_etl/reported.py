"""Lost answers that a tool gives after all: what it reports of a message says that it took the message."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from sqlalchemy import select

from cdp.store import Store
from cdp.store.schema import inbound
from reverse_etl.declarations import Sync
from reverse_etl.feedback.words import Kind
from reverse_etl.resolving import resolve, unresolved
from reverse_etl.standing import Books, Word

_KEYS_AT_ONCE = 1_000
_OF_ONE_MESSAGE = [kind for kind in Kind if kind not in {Kind.REPLIED, Kind.UNREADABLE}]
_OF_OTHERS = """
select distinct key from {receipts}
where destination = $destination and not list_contains($names, sync) and list_contains($keys, key)
"""


def resolve_reported(books: Books, sync: Sync, at: datetime) -> int:
    """Put on record that messages of which no answer came did arrive, where the tool has reported on them; how many.

    A key that other syncs of the destination have used as well tells nothing. Raises BusyError where a run is at work.
    """
    if sync.mode not in {"send", "append"} or not _reports(books.store, sync.destination):
        return 0
    books.projection.catch_up()
    lost = set(unresolved(books.projection, sync).column("key").to_pylist())
    found = _reported(books.store, sync.destination, lost)
    told = {"destination": sync.destination, "names": sync.names, "keys": sorted(found)}
    found -= set(books.projection.table(_OF_OTHERS, told).column(0).to_pylist()) if found else set()
    if found:
        resolve(books, sync, found, Word("resolve", sync.destination, "the tool reported on it", at), arrived=True)
    return len(found)


def _reports(store: Store, destination: str) -> bool:
    any_one = select(inbound.c.inbound_id).where(
        inbound.c.destination == destination, inbound.c.message_key.is_not(None)
    )
    with store.reading() as connection:
        return connection.scalar(any_one.limit(1)) is not None


def _reported(store: Store, destination: str, keys: Set[str]) -> set[str]:
    found: set[str] = set()
    with store.reading() as connection:
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            told = select(inbound.c.message_key).where(
                inbound.c.destination == destination,
                inbound.c.message_key.in_(sorted(keys)[start : start + _KEYS_AT_ONCE]),
                inbound.c.kind.in_(_OF_ONE_MESSAGE),
            )
            found.update(connection.scalars(told))
    return found
