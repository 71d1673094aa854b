"""Contacts of an audience at the SMS gateway; the key is the phone number in E.164."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.http import HttpCaller, counted
from reverse_etl.destinations.rows import fields_of
from reverse_etl.destinations.sandbox_sms.config import CAPABILITIES, REASONS
from reverse_etl.engine.words import OK, Batch, Operation, Reply, RowVerdict, Verdict
from reverse_etl.feedback.readers.standard_webhooks import READER

_VERDICTS = {"rejected": Verdict.REJECTED, "queued": Verdict.RETRY}


class SandboxSms:
    """See `reverse_etl.engine.ports.Destination` and `ReadsBack`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        self._audience = f"/v2/audiences/{target.name}/contacts"
        self._http = HttpCaller(account.base_url, {"X-Api-Key": account.secret.reveal()})

    def send(self, batch: Batch) -> Reply:
        if batch.operation is Operation.REMOVE:
            contacts: list[dict[str, Any]] = [{"phone": key} for key in batch.keys]
        else:
            contacts = [
                {"phone": key, "attributes": fields} for key, fields in zip(batch.keys, fields_of(batch), strict=True)
            ]
        path = f"{self._audience}/{'delete' if batch.operation is Operation.REMOVE else 'put'}"
        body = {"request_id": batch.idempotency_key, "contacts": contacts}
        return self._http.post(path, body, lambda answer: _statuses(answer, len(batch)))

    def found(self, keys: Sequence[str]) -> int | Reply:
        asked = {"keys": list(keys)}
        return counted(lambda: len(self._http.ask("POST", f"{self._audience}/search", asked)["found"]))

    def close(self) -> None:
        self._http.close()


def _statuses(body: Any, expected: int) -> Mapping[int, RowVerdict]:
    results = body["results"]
    if len(results) != expected:
        raise ValueError("a status is missing")
    return {position: _verdict(result) for position, result in enumerate(results) if result["status"] != "accepted"}


def _verdict(result: Mapping[str, str]) -> RowVerdict:
    code = result.get("code", result["status"])
    return RowVerdict(_VERDICTS[result["status"]], code, REASONS.get(code, "")) if result["status"] in _VERDICTS else OK


CONNECTOR = Connector(CAPABILITIES, SandboxSms, sandbox_tool="sms", reader=READER)
