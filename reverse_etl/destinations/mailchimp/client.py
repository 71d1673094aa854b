"""Contacts of an audience at Mailchimp that carry a tag; the key is the e-mail address.

A batch goes in two steps: the contacts are written, then they are tagged. The second is a job to the engine, so that
what the first one said is kept across restarts: in the job's handle, as a code per refused row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.http import HttpCaller, RefusedError
from reverse_etl.destinations.mailchimp.audience import Audience
from reverse_etl.destinations.mailchimp.config import BASE_URL, CAPABILITIES, TIMEOUT, MailchimpSync, address
from reverse_etl.destinations.mailchimp.refusals import Rows, meaning, verdict_of
from reverse_etl.destinations.rows import fields_of, others_again
from reverse_etl.engine.words import UNREADABLE, Batch, Operation, Reply, Verdict

_TAGGING = "tag:"
_ALREADY_TAGGED = ("already",)
_NOT_TAGGED = ("not in", "not on", "not exist", "not found", "no such")


class Mailchimp:
    """See `reverse_etl.engine.ports.Destination` and `WorksInJobs`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        options = MailchimpSync.model_validate(target.options)
        login = ("cdp", account.secret.reveal())
        self._http = HttpCaller(address(account), {}, auth=login, meaning=meaning, timeout=TIMEOUT)
        self._audience = Audience(self._http, target.name, options.tag)
        self._status, self._fields = options.status, target.fields

    def send(self, batch: Batch) -> Reply:
        try:
            return self._take_off(batch) if batch.operation is Operation.REMOVE else self._write(batch)
        except RefusedError as refused:
            return others_again(refused.reply, len(batch))
        except (KeyError, TypeError, ValueError, AttributeError):
            return UNREADABLE

    def poll(self, batch: Batch) -> Reply:
        try:
            return self._tag(batch, _refusals(batch.job))
        except RefusedError as refused:
            return refused.reply
        except (KeyError, TypeError, ValueError, AttributeError):
            return UNREADABLE

    def close(self) -> None:
        self._http.close()

    def _write(self, batch: Batch) -> Reply:
        members = [self._member(key, row) for key, row in zip(batch.keys, fields_of(batch), strict=True)]
        self._audience.check(members[0]["merge_fields"])
        said = self._audience.write(members)
        rows = Rows(batch)
        refused = rows.refused(said["errors"]) | dict.fromkeys(rows.archived(said["updated_members"]), "archived")
        if len(refused) == len(batch):
            return _reply(refused)
        return Reply(Verdict.PENDING, job=_handle(refused))

    def _member(self, key: str, row: Mapping[str, Any]) -> dict[str, Any]:
        # Never `status`: it would subscribe again who has unsubscribed.
        merge_fields = {name.upper(): "" if value is None else value for name, value in row.items() if self._has(name)}
        return {"email_address": key, "status_if_new": self._status, "merge_fields": merge_fields}

    def _has(self, field: str) -> bool:
        """Whether the sync still maps a column to a field: what was queued before its mapping was repaired may not."""
        return not self._fields or field in self._fields

    def _tag(self, batch: Batch, refused: dict[int, str]) -> Reply:
        said = self._audience.tag([key for position, key in enumerate(batch.keys) if position not in refused])
        return _reply(refused | dict.fromkeys(Rows(batch).untouched(said["errors"], _ALREADY_TAGGED), "not_tagged"))

    def _take_off(self, batch: Batch) -> Reply:
        said = self._audience.untag(batch.keys) or {"errors": []}
        return _reply(dict.fromkeys(Rows(batch).untouched(said["errors"], _NOT_TAGGED), "not_untagged"))


def _reply(refused: Mapping[int, str]) -> Reply:
    return Reply(Verdict.OK, rows={position: verdict_of(code) for position, code in refused.items()})


def _handle(refused: Mapping[int, str]) -> str:
    return _TAGGING + ",".join(f"{position}={code}" for position, code in refused.items())


def _refusals(handle: str) -> dict[int, str]:
    pairs = [pair.split("=") for pair in handle.removeprefix(_TAGGING).split(",") if pair]
    return {int(position): code for position, code in pairs}


def tag_of(target: Target) -> str:
    """Of an audience, a sync keeps those who carry its tag."""
    return MailchimpSync.model_validate(target.options).tag


CONNECTOR = Connector(CAPABILITIES, Mailchimp, base_url=BASE_URL, sync_options=MailchimpSync, part=tag_of)
