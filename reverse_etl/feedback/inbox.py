"""Events into the operational store: all of a call in one transaction, each event once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, select

from cdp.store import Store
from cdp.store.schema import inbound
from reverse_etl.feedback.words import Event

_IDS_AT_ONCE = 1_000


class Inbox:
    """The table `inbound` of a store; its numbers follow the order of commits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, destination: str, events: Sequence[Event], received_at: datetime) -> int:
        """Keep what is new of `events`, whole and durable when this returns; how many that were.

        Raises BusyError where the store is held by somebody else.
        """
        by_id = {event.event_id: event for event in events}
        with self._store.writing() as connection:
            self._store.serialise(connection, inbound.name)
            known = set[str]()
            ids = sorted(by_id)
            for start in range(0, len(ids), _IDS_AT_ONCE):
                asked = inbound.c.event_id.in_(ids[start : start + _IDS_AT_ONCE])
                found = select(inbound.c.event_id).where(inbound.c.destination == destination, asked)
                known.update(connection.scalars(found))
            rows = [_row(destination, event, received_at) for name, event in by_id.items() if name not in known]
            if rows:
                connection.execute(insert(inbound), rows)
        return len(rows)


def _row(destination: str, event: Event, received_at: datetime) -> dict[str, object]:
    said = {**asdict(event), "occurred_at": event.occurred_at or received_at}
    return {**said, "destination": destination, "received_at": received_at}
