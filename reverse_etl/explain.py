"""Why one key is, or is not, at a destination."""

from __future__ import annotations

from collections.abc import Iterator

from cdp.project import Project
from cdp.store import open_store
from cdp.warehouse import open_warehouse
from reverse_etl.engine.plan import change_of
from reverse_etl.payload import Seal
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.status import KeyStatus, status_of_key
from reverse_etl.syncs import load_sync

_CHANGES = {
    "add": "The model wants it there, and it is not: the next run adds it.",
    "update": "The model wants other values than the destination has: the next run updates it.",
    "remove": "The model does not want it any more: the next run removes it.",
    "unchanged": "The destination has it just as the model wants it.",
    "still_rejected": "The destination refused it as it is; it is tried again when its row changes.",
    "unresolved": "No answer came when it was sent; it is not sent again before somebody finds out what happened.",
    "duplicate_key": "The model has more than one row with this key: they are set aside until one is left.",
}


def explain_key(project: Project, name: str, key: str) -> Iterator[str]:
    """Sentences about `key` in the sync called `name`, from the model to the tool."""
    sync = load_sync(project, name)
    store = open_store(project.store_url)
    try:
        projection = ReceiptsProjection(store, project.lake)
        projection.catch_up()
        with open_warehouse(project).reader() as reader:
            changes = change_of(reader, sync, key)
        known = status_of_key(store, projection, Seal.of(project.state), sync, key)
    finally:
        store.close()
    yield (
        _CHANGES[changes[0]] if changes else f"{sync.model} has no such key, and {sync.destination} holds none of ours."
    )
    yield from _history(known)


def _history(known: KeyStatus) -> Iterator[str]:
    if held := known.acknowledged:
        yield f"Acknowledged at {held.at}."
    if refused := known.refused:
        yield f"Refused at {refused.at}: {refused.code}, {refused.reason}."
    if known.in_flight_operation:
        yield f"In the outbox, on its way: {known.in_flight_operation}."
    if known.is_in_a_job:
        yield "The tool has taken it and is at work on it; the next run asks."
    if known.in_flight_tries:
        yield f"Tried {known.in_flight_tries} times, last answer {known.in_flight_code}."
