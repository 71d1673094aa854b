"""People of a custom audience at Meta: an id of ours and hashes. Answers are counts: nobody is named.

A row whose hashes change takes two steps, one call each: send the new ones, then take off those that it no longer has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.hashes import FIELDS, Hashes, leaving, remote_id, unfit, wanted
from reverse_etl.destinations.http import RefusedError
from reverse_etl.destinations.meta.config import BASE_URL, CAPABILITIES, MetaAccount
from reverse_etl.destinations.meta.graph import Graph
from reverse_etl.engine.words import OK, UNREADABLE, Batch, Operation, Reply, RowVerdict, Verdict

# Position, key (none where it stays) and hashes of a row.
_Entry = tuple[int, str, Hashes]

_SCHEMA = ("EXTERN_ID", "EMAIL", "PHONE")
_LEAVE = "leave"
_SEARCHED_AT_MOST = 100
_INVALID = RowVerdict(Verdict.REJECTED, "invalid_entry", "Meta does not take this entry")
_SOME_INVALID = Reply(Verdict.REJECTED, "invalid_entries", "Meta does not take some entries, and does not say which")
_MOST_INVALID = Reply(Verdict.FATAL, "invalid_entries", "Meta does not take a great part of what we send")


class Meta:
    """See `reverse_etl.engine.ports.Destination` and `WorksInJobs`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        self._graph = Graph(account)
        self._users = f"{target.name}/users"

    def send(self, batch: Batch) -> Reply:
        if batch.operation is Operation.REMOVE:
            return self._tell("DELETE", batch, [(at, batch.keys[at], row) for at, row in leaving(batch)])
        refused, rows = unfit(batch), wanted(batch)
        sent = [position for position in range(len(batch)) if position not in refused]
        reply = self._tell("POST", batch, [(at, batch.keys[at], rows[at]) for at in sent])
        if reply.verdict is not Verdict.OK:
            return reply
        if batch.operation is Operation.UPDATE and not reply.rows and _leaving(batch):
            return Reply(Verdict.PENDING, job=_LEAVE)
        return _named(batch, replace(reply, rows={**reply.rows, **refused}))

    def poll(self, batch: Batch) -> Reply:
        """The second step of an update: Meta itself has no jobs."""
        reply = self._tell("DELETE", batch, _leaving(batch))
        if reply.verdict is not Verdict.OK:
            return reply
        return _named(batch, replace(reply, rows=unfit(batch)))

    def close(self) -> None:
        self._graph.close()

    def _tell(self, method: str, batch: Batch, entries: Sequence[_Entry]) -> Reply:
        """One call about rows."""
        if not entries:
            return Reply(Verdict.OK)
        data = [[key, *(hashes.get(field, "") for field in FIELDS)] for _, key, hashes in entries]
        payload = {"schema": _SCHEMA, "is_raw": True, "data": data}
        body = {"session": _session(f"{batch.idempotency_key}.{method}", len(data)), "payload": payload}
        try:
            said = self._graph.write(method, self._users, body)
            received, invalid = int(said["num_received"]), int(said["num_invalid_entries"])
        except RefusedError as refused:
            return refused.reply
        except (KeyError, TypeError, ValueError):
            return UNREADABLE
        return _counted(received, invalid, [at for at, _, _ in entries])


def _counted(received: int, invalid: int, sent: Sequence[int]) -> Reply:
    """What the counts say of the rows. The engine halves a batch to find a few; many mean that something is wrong."""
    if received != len(sent) or invalid > received:
        return UNREADABLE
    if not invalid:
        return Reply(Verdict.OK)
    if invalid == received <= _SEARCHED_AT_MOST:
        return Reply(Verdict.OK, rows=dict.fromkeys(sent, _INVALID))
    return _SOME_INVALID if invalid <= _SEARCHED_AT_MOST else _MOST_INVALID


def _session(name: str, count: int) -> dict[str, Any]:
    """An upload of one part; the same for each attempt."""
    number = int(hashlib.sha256(name.encode()).hexdigest()[:15], 16)
    return {"session_id": number, "batch_seq": 1, "last_batch_flag": True, "estimated_num_total": count}


def _leaving(batch: Batch) -> list[_Entry]:
    """What has to go of updated rows, by hashes alone; a row that was not sent keeps what it had."""
    kept = unfit(batch)
    return [(at, "", row) for at, row in leaving(batch) if at not in kept]


def _named(batch: Batch, reply: Reply) -> Reply:
    """With the hashes by which each row stands in the audience now."""
    if batch.operation is Operation.REMOVE:
        return reply
    names = [replace(OK, remote_id=remote_id(row)) for row in wanted(batch)]
    return replace(reply, rows={**dict(enumerate(names)), **reply.rows})


CONNECTOR = Connector(
    CAPABILITIES,
    Meta,
    base_url=BASE_URL,
    account_options=MetaAccount,
    hashing="meta",
    fields=frozenset(FIELDS),
)
