"""What Mailchimp says of contacts that it does not take: it names them by address, which is never repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import orjson

from reverse_etl.destinations.http import RefusedError, busy
from reverse_etl.engine.words import Batch, Reply, RowVerdict, Verdict

REASONS = {
    "invalid_email": "Mailchimp takes the address for a fake or invalid one",
    "invalid_field": "Mailchimp does not take the value of a merge field, or misses one that the audience requires",
    "compliance_state": "the contact unsubscribed or bounced at Mailchimp: only he himself can come back",
    "permanently_deleted": "the contact was deleted for good at Mailchimp: only he himself can come back",
    "too_many_signups": "Mailchimp saw the address sign up too often lately",
    "archived": "the contact is archived at Mailchimp, and nobody of ours brings him back",
    "not_tagged": "Mailchimp does not put the tag on this contact",
    "not_untagged": "Mailchimp does not take the tag off this contact",
    "contact_refused": "Mailchimp does not take this contact",
}
# What its sentences have in common, in the order in which they are looked for.
_TELLING = {
    "compliance state": "compliance_state",
    "permanently deleted": "permanently_deleted",
    "a lot of lists": "too_many_signups",
    "fake or invalid": "invalid_email",
    "valid email": "invalid_email",
}
_ITEM = re.compile(r"^members\.item:(\d+)\.(\w+)")
_SOMEBODY = Reply(Verdict.REJECTED, "contact_refused", "Mailchimp refuses a contact without saying which")


def meaning(response: httpx.Response) -> Reply | None:
    """A 403 without a document is a throttle. A 400 takes nothing of the request, and may name its members."""
    if response.status_code not in {400, 403}:
        return None
    try:
        problem = orjson.loads(response.content)
        named = [found for error in problem.get("errors") or () if (found := _ITEM.match(str(error["field"])))]
    except (ValueError, KeyError, TypeError, AttributeError):
        return busy(response) if response.status_code == 403 else None
    rows = {int(found[1]): verdict_of(_code_of_item(found[2])) for found in named}
    return Reply(Verdict.REJECTED, "rows_refused", rows=rows) if rows else None


def verdict_of(code: str) -> RowVerdict:
    return RowVerdict(Verdict.REJECTED, code, REASONS[code])


class Rows:
    """The rows of a batch by address.

    Every method raises RefusedError where an error is about none of them: the engine then looks for the row to blame.
    """

    def __init__(self, batch: Batch) -> None:
        self._positions = {key.casefold(): position for position, key in enumerate(batch.keys)}

    def refused(self, errors: Iterable[Mapping[str, Any]]) -> dict[int, str]:
        """The code of why a contact was not written."""
        return {self._of(error["email_address"]): _code(error) for error in errors}

    def archived(self, contacts: Iterable[Mapping[str, Any]]) -> list[int]:
        """Those whose contacts are archived, and stay so."""
        return [self._of(contact["email_address"]) for contact in contacts if contact["status"] == "archived"]

    def untouched(self, errors: Iterable[Mapping[str, Any]], fine: tuple[str, ...]) -> list[int]:
        """Those whose tag is not as asked for; where it was so before, the error has words of `fine`."""
        wrong = [error for error in errors if not any(words in _told(error) for words in fine)]
        return [self._of(address) for error in wrong for address in error["email_addresses"]]

    def _of(self, address: str) -> int:
        position = 0 if len(self._positions) == 1 else self._positions.get(address.casefold())
        if position is None:
            raise RefusedError(_SOMEBODY)
        return position


def _code(error: Mapping[str, Any]) -> str:
    told = _told(error)
    code = next((code for words, code in _TELLING.items() if words in told), "contact_refused")
    return "invalid_field" if code == "contact_refused" and error.get("field") else code


def _told(error: Mapping[str, Any]) -> str:
    return str(error.get("error", "")).casefold()


def _code_of_item(field: str) -> str:
    return {"email_address": "invalid_email", "merge_fields": "invalid_field"}.get(field, "contact_refused")
