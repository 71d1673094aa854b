"""What Klaviyo says of rows that it does not take: pointers into the request, never its own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import orjson

from reverse_etl.destinations.klaviyo.profiles import ATTRIBUTES
from reverse_etl.engine.words import Batch, Reply, RowVerdict, Verdict

_ROW = re.compile(r"^/data/attributes/profiles/data/(\d+)(?:/|$)")
_FIELD = re.compile(r"/attributes/(\w+)")
_WHOLE_REQUEST = re.compile(r"^/data(/relationships/.*)?$")

NO_LIST = Reply(Verdict.FATAL, "request_refused", "Klaviyo refuses the whole request: is the list still there?")


def meaning(response: httpx.Response) -> Reply | None:
    """A 400 takes nothing of the request: it points at the rows to blame, or at what is wrong with all of it."""
    if response.status_code != 400:
        return None
    try:
        pointers = [str(error["source"]["pointer"]) for error in orjson.loads(response.content)["errors"]]
    except (ValueError, KeyError, TypeError):
        return None
    rows = {int(found[1]): verdict_at(pointer) for pointer in pointers if (found := _ROW.match(pointer))}
    if rows:
        return Reply(Verdict.REJECTED, "rows_refused", rows=rows)
    return NO_LIST if any(_WHOLE_REQUEST.match(pointer) for pointer in pointers) else None


def verdict_at(pointer: str) -> RowVerdict:
    """A row is refused because of the field that `pointer` ends at, where it does."""
    field = _FIELD.findall(pointer)[-1:]
    if field and field[0] in ATTRIBUTES | {"email"}:
        return RowVerdict(Verdict.REJECTED, f"invalid_{field[0]}", f"Klaviyo does not take what is in `{field[0]}`")
    return RowVerdict(Verdict.REJECTED, "profile_refused", "Klaviyo does not take this profile")


def refused_rows(batch: Batch, errors: Iterable[Mapping[str, Any]]) -> dict[int, RowVerdict]:
    """The rows that an import's errors are about; one that is about none of the batch's is left out."""
    positions = {key.casefold(): position for position, key in enumerate(batch.keys)}
    found: dict[int, RowVerdict] = {}
    for error in errors:
        pointer = str((error.get("source") or {}).get("pointer") or "")
        position = positions.get(_address(error.get("original_payload") or {}))
        if position is None and (in_request := _ROW.match(pointer)):
            position = int(in_request[1])
        if position is not None and position < len(batch):
            found[position] = verdict_at(pointer)
    return found


def _address(payload: Mapping[str, Any]) -> str:
    return str(payload.get("email") or (payload.get("attributes") or {}).get("email") or "").casefold()
