"""Taking people off a list, whom Klaviyo knows there by ids of its own.

The ids are looked up when somebody leaves, not kept from when he came: an import does not tell them, and to ask for
them costs a call per 100 of all who come, in a window that is five times as narrow as that of the look-up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from urllib.parse import quote

import orjson

from reverse_etl.destinations.http import HttpCaller, RefusedError
from reverse_etl.destinations.klaviyo.profiles import spelt
from reverse_etl.engine.words import UNREADABLE, Batch, Reply, RowVerdict, Verdict

_AT_ONCE = 100
_URL_CHARACTERS = 6_000
# Look-ups have 75 calls in 1 s and 750 in 60 s; removals, which we count, 10 and 150.
_LOOK_UPS = 5
_FROM = "from:"

_UNSPEAKABLE = RowVerdict(Verdict.REJECTED, "address_not_searchable", "Klaviyo cannot be asked for this address")
_VANISHED = Reply(Verdict.RETRY, "profile_vanished", "a profile was deleted while it was taken off the list")


class Leavers:
    """Those of one list. A step looks up some of them and takes them off, and names the next step as a job."""

    def __init__(self, http: HttpCaller, list_id: str) -> None:
        self._http, self._list = http, f"/api/lists/{list_id}"

    def step(self, batch: Batch) -> Reply:
        begin = int(batch.job.removeprefix(_FROM) or 0)
        end, found = begin, list[str]()
        try:
            for addresses in islice(_together(batch.keys[begin:]), _LOOK_UPS):
                found += self._on_the_list([spelt(one) for one in addresses if not _is_unspeakable(one)])
                end += len(addresses)
            self._take_off(found)
        except RefusedError as refused:
            return refused.reply
        except (KeyError, TypeError):
            return UNREADABLE
        if end < len(batch):
            return Reply(Verdict.PENDING, job=f"{_FROM}{end}")
        unspeakable = [position for position, key in enumerate(batch.keys) if _is_unspeakable(key)]
        return Reply(Verdict.OK, rows=dict.fromkeys(unspeakable, _UNSPEAKABLE))

    def found(self, addresses: Sequence[str]) -> int:
        """How many of them are on the list. Raises RefusedError, or KeyError where an answer makes no sense."""
        groups = _together([one for one in addresses if not _is_unspeakable(one)])
        return sum(len(self._on_the_list([spelt(one) for one in group])) for group in groups)

    def _on_the_list(self, addresses: Sequence[str]) -> list[str]:
        if not addresses:
            return []
        query = {
            "filter": f"any(email,{orjson.dumps(addresses).decode()})",
            "fields[profile]": "email",
            "page[size]": _AT_ONCE,
        }
        return [profile["id"] for profile in self._http.ask("GET", f"{self._list}/profiles", query=query)["data"]]

    def _take_off(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        body = {"data": [{"type": "profile", "id": one} for one in ids]}
        try:
            self._http.ask("DELETE", f"{self._list}/relationships/profiles", body)
        except RefusedError as refused:
            # The list was there a moment ago.
            raise RefusedError(_VANISHED) if refused.reply.code == "http_404" else refused from None


def _is_unspeakable(address: str) -> bool:
    """Whether it would end the text that a filter has it in."""
    return '"' in address or "\\" in address


def _together(addresses: Sequence[str]) -> Iterator[list[str]]:
    """So many that one address bar takes them, and one page the answer."""
    group, characters = list[str](), 0
    for address in addresses:
        length = len(quote(f'"{address}",', safe=""))
        if group and (len(group) == _AT_ONCE or characters + length > _URL_CHARACTERS):
            yield group
            group, characters = [], 0
        group.append(address)
        characters += length
    if group:
        yield group
