"""One call for up to 500 letters; it remembers an idempotence key, so a call whose answer was lost is made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.http import HttpCaller
from reverse_etl.destinations.letters import recipient
from reverse_etl.destinations.rows import fields_of
from reverse_etl.destinations.texts import UnfilledError, check_mapped
from reverse_etl.destinations.unisender_go.config import CAPABILITIES, REASONS, AccountOptions, SyncOptions
from reverse_etl.destinations.unisender_go.content import Content, content_of, own_texts
from reverse_etl.engine.words import Batch, Reply, RowVerdict, Verdict
from reverse_etl.feedback.readers.unisender_go import READER

_TOO_MANY = Reply(Verdict.REJECTED, "too_many_rows", "a call takes 500 messages")
# It sends to an address once per call.
_AGAIN = RowVerdict(Verdict.RETRY, "same_address", "the call has another message to this address")


class UnisenderGo:
    """See `reverse_etl.engine.ports.Destination`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        version = AccountOptions.model_validate(account.options).api_version
        said = SyncOptions.model_validate(target.options)
        self._path, self._content = f"/{version}/email/send.json", content_of(target, said)
        self._message = {**_settings(said, target.name), **self._content.message}
        self._http = HttpCaller(account.base_url, {"X-API-KEY": account.secret.reveal()}, meaning=_meaning)

    def send(self, batch: Batch) -> Reply:
        if len(batch) > self.capabilities.max_rows:
            return _TOO_MANY
        asked = _asked(batch, self._content)
        if not asked.recipients:
            return Reply(Verdict.OK, rows=asked.verdicts)
        key = str(uuid5(NAMESPACE_URL, batch.idempotency_key))
        message = {**self._message, "recipients": asked.recipients, "idempotence_key": key}
        reply = self._http.post(self._path, {"message": message}, asked.answered)
        if reply.verdict is Verdict.REJECTED and reply.code.startswith("unisender_") and len(batch) == 1:
            # An address that it does not take is named in a success: this is about every message.
            return replace(reply, verdict=Verdict.FATAL)
        return reply

    def close(self) -> None:
        self._http.close()


@dataclass
class _Asked:
    """What a call asks for: positions by address, and verdicts on the rows that stay behind."""

    recipients: list[dict[str, Any]] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    verdicts: dict[int, RowVerdict] = field(default_factory=dict)

    def answered(self, body: Any) -> Mapping[int, RowVerdict]:
        """Addresses are told apart as there: whatever their case. Raises ValueError where it says nothing about one."""
        taken = {address.casefold() for address in body["emails"]}
        failed = {address.casefold(): why for address, why in (body.get("failed_emails") or {}).items()}
        if unanswered := self.positions.keys() - taken - failed.keys():
            raise ValueError(f"{len(unanswered)} answers are missing")
        accepted = RowVerdict(Verdict.OK, remote_id=str(body["job_id"]))
        said = {
            position: accepted if address in taken else _refused(failed[address])
            for address, position in self.positions.items()
        }
        return {**self.verdicts, **said}


def _asked(batch: Batch, content: Content) -> _Asked:
    asked = _Asked()
    for position, (key, row) in enumerate(zip(batch.keys, fields_of(batch), strict=True)):
        try:
            address, substitutions = recipient(row), content.substitutions(row)
        except UnfilledError as unfilled:
            asked.verdicts[position] = unfilled.verdict
            continue
        if address.casefold() in asked.positions:
            asked.verdicts[position] = _AGAIN
            continue
        asked.positions[address.casefold()] = position
        person = {"email": address, "substitutions": substitutions, "metadata": {"message": key}}
        asked.recipients.append(person)
    return asked


def _settings(said: SyncOptions, name: str) -> dict[str, Any]:
    optional = {
        "from_email": said.from_email,
        "from_name": said.from_name,
        "reply_to": said.reply_to,
        "global_language": said.language,
        "skip_unsubscribe": int(said.skip_unsubscribe == "true"),
    }
    return {
        "tags": [name],
        "global_metadata": {"campaign": name},
        "track_links": int(said.track_links == "true"),
        "track_read": int(said.track_read == "true"),
        **{name: value for name, value in optional.items() if value},
    }


def _refused(why: str) -> RowVerdict:
    code = why if why in REASONS else "refused"
    return RowVerdict(Verdict.REJECTED, code, REASONS.get(why, "it does not take this address"))


def _meaning(response: httpx.Response) -> Reply | None:
    if response.status_code != 400:
        return None
    try:
        code = f"unisender_{int(response.json()['code'])}"
    except (ValueError, KeyError, TypeError):
        code = "unisender_400"
    return Reply(Verdict.REJECTED, code, "it refuses the call: look at the sender, the template and the options")


def check(target: Target) -> None:
    """Raises DeclarationError where a template is not there, cannot be cut, or the sync does not map what it needs."""
    said = SyncOptions.model_validate(target.options)
    content_of(target, said)
    if said.template:
        own_texts(target, said).check(target)
    else:
        check_mapped(target, [], "to")


CONNECTOR = Connector(
    CAPABILITIES, UnisenderGo, account_options=AccountOptions, sync_options=SyncOptions, check=check, reader=READER
)
