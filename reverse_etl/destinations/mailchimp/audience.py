"""One audience of an account: what its contacts can have, and a tag that some of them carry.

Mailchimp keeps a tag as a static segment of the audience.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

from reverse_etl.destinations.http import HttpCaller, RefusedError
from reverse_etl.engine.words import Reply, Verdict

_MOST_MERGE_FIELDS = 1_000


class Audience:
    """Every method raises RefusedError where Mailchimp does not answer well, and KeyError where it makes no sense."""

    def __init__(self, http: HttpCaller, list_id: str, tag: str) -> None:
        self._http, self._list, self._tag = http, f"/lists/{list_id}", tag
        self._segment: int | None = None

    def check(self, merge_fields: Collection[str]) -> None:
        """Refuses for good what the audience has no merge field for: Mailchimp would leave it out in silence."""
        missing = sorted(set(merge_fields) - self._merge_fields) if merge_fields else []
        if missing:
            told = f"the audience has no merge field `{missing[0]}`: add it there, or map to another"
            raise RefusedError(Reply(Verdict.FATAL, "no_merge_field", told))

    def write(self, members: Sequence[dict[str, Any]]) -> Any:
        """What became of contacts, by address."""
        return self._http.ask("POST", self._list, {"members": members, "update_existing": True})

    def tag(self, addresses: Sequence[str]) -> Any:
        segment = self._found() or self._made()
        return self._http.ask("POST", f"{self._list}/segments/{segment}", {"members_to_add": addresses})

    def untag(self, addresses: Sequence[str]) -> Any:
        """What became of the tags; None where there is no such tag."""
        segment = self._found()
        return segment and self._http.ask("POST", f"{self._list}/segments/{segment}", {"members_to_remove": addresses})

    @cached_property
    def _merge_fields(self) -> set[str]:
        query = {"count": _MOST_MERGE_FIELDS, "fields": "merge_fields.tag"}
        said = self._http.ask("GET", f"{self._list}/merge-fields", query=query)
        return {one["tag"] for one in said["merge_fields"]}

    def _found(self) -> int | None:
        if self._segment is None:
            tags = self._http.ask("GET", f"{self._list}/tag-search", query={"name": self._tag})["tags"]
            self._segment = next((int(one["id"]) for one in tags if one["name"] == self._tag), None)
        return self._segment

    def _made(self) -> int:
        said = self._http.ask("POST", f"{self._list}/segments", {"name": self._tag, "static_segment": []})
        self._segment = int(said["id"])
        return self._segment
