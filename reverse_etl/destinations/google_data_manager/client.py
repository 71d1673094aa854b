"""Members of a customer list at Google. A request is a job: what became of its records is asked for by its id.

A row whose identifiers change takes steps, one call each: ingest the new ones, then remove those that it no longer has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.google_data_manager.config import (
    BASE_URL,
    CAPABILITIES,
    SCOPE,
    GoogleAccount,
    GoogleList,
)
from reverse_etl.destinations.google_data_manager.refusals import ended, forgotten, meaning, placed
from reverse_etl.destinations.google_data_manager.token import Tokens
from reverse_etl.destinations.hashes import FIELDS, Hashes, leaving, remote_id, unfit, wanted
from reverse_etl.destinations.http import HttpCaller, RefusedError
from reverse_etl.engine.words import OK, UNREADABLE, Batch, Operation, Reply, RowVerdict, Verdict

_NAMES = {"email_sha256": "emailAddress", "phone_sha256": "phoneNumber"}
_FAILURES_AT_MOST = 3
_GIVES_UP = Reply(Verdict.FATAL, "internal_error", "Google fails at one request after the other")


@dataclass(frozen=True)
class _Step:
    """Where a batch is: `ingest` or `remove` with the id of a request that is asked for, `leave` before a removal.

    `code` and `refused` (verdict, code and reason by position) are what the ingestion said of it.
    """

    name: str
    request: str = ""
    code: str = ""
    refused: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, job: str) -> _Step:
        return cls(*orjson.loads(job))

    def pending(self) -> Reply:
        return Reply(Verdict.PENDING, job=orjson.dumps([self.name, self.request, self.code, self.refused]).decode())

    @property
    def rows(self) -> dict[int, RowVerdict]:
        return {int(at): RowVerdict(Verdict(verdict), *said) for at, (verdict, *said) in self.refused.items()}


class GoogleDataManager:
    """See `reverse_etl.engine.ports.Destination` and `WorksInJobs`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        settings = GoogleAccount.model_validate(account.options)
        self._calls = f"/{settings.version}"
        self._list = {"destinations": [settings.destination(target.name)], "encoding": "HEX"}
        terms = {"customerMatchTermsOfServiceStatus": settings.customer_match_terms.upper()}
        self._agreed = {"consent": GoogleList.model_validate(target.options).consent(), "termsOfService": terms}
        self._tokens = Tokens(account, SCOPE)
        self._http = HttpCaller(account.base_url, {}, meaning=meaning)
        self._failures = 0

    def send(self, batch: Batch) -> Reply:
        if batch.operation is Operation.REMOVE:
            return self._remove(batch, leaving(batch), _Step("remove"))
        refused, rows = unfit(batch), wanted(batch)
        sent = [position for position in range(len(batch)) if position not in refused]
        if not sent:
            return Reply(Verdict.OK, rows=refused)
        reply = self._begin("ingest", [(position, rows[position]) for position in sent], _Step("ingest"), self._agreed)
        return reply if reply.verdict is not Verdict.OK else replace(reply, rows={**reply.rows, **refused})

    def poll(self, batch: Batch) -> Reply:
        step = _Step.of(batch.job)
        if step.name == "leave":
            reply = self._remove(batch, _leaving(batch, step), replace(step, name="remove"))
            return reply if reply.verdict is not Verdict.OK else placed(reply, range(len(batch)))
        refused = unfit(batch) if step.name == "ingest" else step.rows
        fit = [place for place in range(len(batch)) if place not in refused]
        sent = fit if step.name == "ingest" else [place for place, _ in _leaving(batch, step)]
        reply = self._ended(step, sent)
        if reply.verdict is Verdict.PENDING:
            return Reply(Verdict.PENDING, job=batch.job)
        if reply.verdict is not Verdict.OK:
            return reply
        if any(verdict.verdict is Verdict.RETRY for verdict in reply.rows.values()):
            self._failures += 1
            if self._failures > _FAILURES_AT_MOST:
                return _GIVES_UP
        return self._next(batch, step, replace(reply, rows={**refused, **reply.rows}))

    def close(self) -> None:
        self._tokens.close()
        self._http.close()

    def _next(self, batch: Batch, step: _Step, reply: Reply) -> Reply:
        """After a request has ended: the removal of what is stale, or what becomes of the rows."""
        if step.name == "ingest" and batch.operation is Operation.UPDATE:
            said = {str(place): [row.verdict, row.code, row.reason] for place, row in reply.rows.items()}
            following = _Step("leave", code=reply.code, refused=said)
            if _leaving(batch, following):
                return following.pending()
        if batch.operation is Operation.REMOVE:
            return reply
        names = [RowVerdict(Verdict.OK, remote_id=remote_id(row)) for row in wanted(batch)]
        return replace(reply, code=reply.code or step.code, rows={**dict(enumerate(names)), **reply.rows})

    def _remove(self, batch: Batch, rows: Sequence[tuple[int, Hashes]], step: _Step) -> Reply:
        """Take identifiers off the list. A row that has none was never there."""
        if not rows:
            return Reply(Verdict.OK, rows=dict.fromkeys(range(len(batch)), OK))
        return self._begin("remove", rows, step, {})

    def _begin(self, what: str, rows: Sequence[tuple[int, Hashes]], step: _Step, said: Mapping[str, Any]) -> Reply:
        """One request about rows, with their positions in the batch."""
        body = {**self._list, **said, "audienceMembers": [_member(row) for _, row in rows]}
        try:
            path = f"{self._calls}/audienceMembers:{what}"
            answer = self._http.ask("POST", path, body, headers=self._tokens.header())
            return replace(step, request=str(answer["requestId"])).pending()
        except RefusedError as refused:
            return placed(refused.reply, [at for at, _ in rows]) if refused.reply.rows else refused.reply
        except (KeyError, TypeError):
            return UNREADABLE

    def _ended(self, step: _Step, sent: Sequence[int]) -> Reply:
        try:
            path, query = f"{self._calls}/requestStatus:retrieve", {"requestId": step.request}
            answer = self._http.ask("GET", path, query=query, headers=self._tokens.header())
            return ended(answer["requestStatusPerDestination"][0], sent)
        except RefusedError as refused:
            return forgotten(sent) if refused.reply.code == "http_404" else refused.reply
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            return UNREADABLE


def _member(row: Hashes) -> dict[str, Any]:
    return {"userData": {"userIdentifiers": [{_NAMES[field]: value} for field, value in row.items()]}}


def _leaving(batch: Batch, step: _Step) -> list[tuple[int, Hashes]]:
    """What has to go; a row whose new identifiers were refused keeps its old ones."""
    return [(place, row) for place, row in leaving(batch) if str(place) not in step.refused]


CONNECTOR = Connector(
    CAPABILITIES,
    GoogleDataManager,
    base_url=BASE_URL,
    account_options=GoogleAccount,
    sync_options=GoogleList,
    hashing="google",
    fields=frozenset(FIELDS),
)
