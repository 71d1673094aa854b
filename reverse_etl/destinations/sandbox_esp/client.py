"""Members of a list at the e-mail service; the key is the e-mail address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.http import HttpCaller, counted
from reverse_etl.destinations.rows import fields_of
from reverse_etl.destinations.sandbox_esp.config import CAPABILITIES, REASONS
from reverse_etl.engine.words import Batch, Operation, Reply, RowVerdict, Verdict
from reverse_etl.feedback.readers.standard_webhooks import READER


class SandboxEsp:
    """See `reverse_etl.engine.ports.Destination` and `ReadsBack`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        self._list = f"/v1/lists/{target.name}/members"
        self._http = HttpCaller(account.base_url, {"Authorization": f"Bearer {account.secret.reveal()}"})

    def send(self, batch: Batch) -> Reply:
        headers = {"Idempotency-Key": batch.idempotency_key}
        if batch.operation is Operation.REMOVE:
            return self._http.post(f"{self._list}/remove", {"emails": batch.keys}, _errors, headers)
        members = [{"email": key, "fields": fields} for key, fields in zip(batch.keys, fields_of(batch), strict=True)]
        return self._http.post(f"{self._list}/upsert", {"members": members}, _errors, headers)

    def found(self, keys: Sequence[str]) -> int | Reply:
        asked = {"keys": list(keys)}
        return counted(lambda: len(self._http.ask("POST", f"{self._list}/search", asked)["found"]))

    def close(self) -> None:
        self._http.close()


def _errors(body: Any) -> Mapping[int, RowVerdict]:
    return {
        int(error["index"]): RowVerdict(Verdict.REJECTED, error["code"], REASONS.get(error["code"], ""))
        for error in body["errors"]
    }


CONNECTOR = Connector(CAPABILITIES, SandboxEsp, sandbox_tool="esp", reader=READER)
