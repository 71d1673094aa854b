"""Users of a custom audience at the ad platform: an id of ours and hashes, never an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.http import HttpCaller, counted
from reverse_etl.destinations.rows import fields_of
from reverse_etl.destinations.sandbox_ads.config import CAPABILITIES, REASONS
from reverse_etl.engine.words import Batch, Operation, Reply, RowVerdict, Verdict
from reverse_etl.feedback.readers.standard_webhooks import READER

_HASHES = ("email_sha256", "phone_sha256")
_INVALID = RowVerdict(Verdict.REJECTED, "invalid_entry", REASONS["invalid_entry"])


class SandboxAds:
    """See `reverse_etl.engine.ports.Destination` and `ReadsBack`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        self._users = f"/v3/audiences/{target.name}/users"
        self._http = HttpCaller(account.base_url, {"Authorization": f"Bearer {account.secret.reveal()}"})

    def send(self, batch: Batch) -> Reply:
        if batch.operation is Operation.REMOVE:
            body = {"schema": ["external_id"], "data": [[key] for key in batch.keys]}
            return self._http.post(f"{self._users}/remove", body, _invalid)
        rows = zip(batch.keys, fields_of(batch), strict=True)
        data = [[key, *(fields.get(name) for name in _HASHES)] for key, fields in rows]
        return self._http.post(f"{self._users}/add", {"schema": ["external_id", *_HASHES], "data": data}, _invalid)

    def found(self, keys: Sequence[str]) -> int | Reply:
        asked = {"keys": list(keys)}
        return counted(lambda: len(self._http.ask("POST", f"{self._users}/search", asked)["found"]))

    def close(self) -> None:
        self._http.close()


def _invalid(body: Any) -> Mapping[int, RowVerdict]:
    return {int(position): _INVALID for position in body["invalid_entry_indices"]}


CONNECTOR = Connector(
    CAPABILITIES, SandboxAds, sandbox_tool="ads", hashing="meta", fields=frozenset(_HASHES), reader=READER
)
