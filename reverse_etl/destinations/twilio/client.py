"""One SMS per row of the model, sent once.

Twilio has no idempotency key: a message that may have been sent is `unknown`, and not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.http import HttpCaller, RefusedError
from reverse_etl.destinations.rows import fields_of
from reverse_etl.destinations.texts import Texts, UnfilledError, check_mapped
from reverse_etl.destinations.twilio.config import (
    BASE_URL,
    CAPABILITIES,
    OF_SHORT_CODES,
    OURS,
    QUEUE_IS_FULL,
    QUEUE_PAUSE,
    REASONS,
    AccountOptions,
    SyncOptions,
)
from reverse_etl.destinations.twilio.segments import segments
from reverse_etl.engine.ports import Limit
from reverse_etl.engine.words import UNREADABLE, Batch, Reply, RowVerdict, Verdict
from reverse_etl.feedback.readers.twilio import READER

_TOO_MANY = Reply(Verdict.REJECTED, "too_many_rows", "a call takes one message")


class Twilio:
    """See `reverse_etl.engine.ports.Destination`."""

    def __init__(self, account: Account, target: Target) -> None:
        who, self._said = AccountOptions.model_validate(account.options), SyncOptions.model_validate(target.options)
        self.capabilities = replace(CAPABILITIES, limits=(Limit(who.messages_per_second * 60, seconds=60),))
        self._text = Texts(target.templates).file(self._said.template)
        self._path = f"/{who.api_version}/Accounts/{who.account_sid}/Messages.json"
        user = who.api_key_sid or who.account_sid
        self._http = HttpCaller(
            account.base_url, {}, auth=(user, account.secret.reveal()), meaning=_meaning_for(self._said.sender)
        )

    def send(self, batch: Batch) -> Reply:
        if len(batch) != 1:
            return _TOO_MANY
        try:
            form = self._form(batch.keys[0], fields_of(batch)[0])
            sid = str(self._http.ask("POST", self._path, form=form)["sid"])
        except UnfilledError as unfilled:
            return Reply(Verdict.OK, rows={0: unfilled.verdict})
        except RefusedError as refused:
            return refused.reply
        except (KeyError, TypeError):
            return UNREADABLE
        return Reply(Verdict.OK, rows={0: RowVerdict(Verdict.OK, remote_id=sid)})

    def close(self) -> None:
        self._http.close()

    def _form(self, key: str, row: dict[str, Any]) -> dict[str, str]:
        if not row.get("to"):
            raise UnfilledError("no_number", REASONS[21604])
        text = self._text.fill(row)
        if segments(text) > self._said.max_segments:
            raise UnfilledError("too_long", f"the message needs more than {self._said.max_segments} segments")
        form = {"To": str(row["to"]), "Body": text}
        if self._said.sender:
            form["From"] = self._said.sender
        else:
            form["MessagingServiceSid"] = self._said.messaging_service_sid
        if self._said.status_callback:
            # Even a message whose answer was lost says what became of it, and which one it is.
            form["StatusCallback"] = f"{self._said.status_callback}?{urlencode({'message': key})}"
        if self._said.validity_period:
            form["ValidityPeriod"] = str(self._said.validity_period)
        return form


def _meaning_for(sender: str) -> Callable[[httpx.Response], Reply | None]:
    is_short_code = sender.isdigit() and len(sender) <= 6
    ours = OURS.keys() - OF_SHORT_CODES if is_short_code else OURS.keys()
    return lambda response: _meaning(response, ours)


def _meaning(response: httpx.Response, ours: Set[int]) -> Reply | None:
    status = response.status_code
    if status >= 500 or status == 408:
        told = "Twilio failed, and may have sent the message"
        return Reply(Verdict.RETRY, f"http_{status}", told, is_lost=True)
    number = 0 if status == 429 else _number(response)
    if number == QUEUE_IS_FULL:
        told = "as many messages wait for the sender as it can send in ten hours"
        return Reply(Verdict.RETRY, f"twilio_{number}", told, retry_after=QUEUE_PAUSE)
    if number in ours:
        return Reply(Verdict.FATAL, f"twilio_{number}", OURS[number])
    if number in REASONS or (number and status == 400):
        return Reply(Verdict.REJECTED, f"twilio_{number}", REASONS.get(number, "Twilio does not take this message"))
    return None


def _number(response: httpx.Response) -> int:
    """Twilio's own number of a refusal, 0 where it gives none."""
    try:
        return int(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return 0


def check(target: Target) -> None:
    """Raises DeclarationError where the template is not there, or the sync does not map what a message needs."""
    said = SyncOptions.model_validate(target.options)
    check_mapped(target, [Texts(target.templates).file(said.template)], "to")


CONNECTOR = Connector(
    CAPABILITIES,
    Twilio,
    base_url=BASE_URL,
    account_options=AccountOptions,
    sync_options=SyncOptions,
    check=check,
    reader=READER,
)
