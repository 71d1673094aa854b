"""Rows of a batch as the profiles of one import."""

from __future__ import annotations

from typing import Any

from reverse_etl.destinations.rows import fields_of
from reverse_etl.engine.words import Batch

ATTRIBUTES = frozenset(
    {"phone_number", "external_id", "first_name", "last_name", "organization", "locale", "title", "image"}
)
_LOCATION = "location_"
_PLACES = frozenset(
    f"{_LOCATION}{part}"
    for part in (
        "address1",
        "address2",
        "city",
        "country",
        "region",
        "zip",
        "timezone",
        "latitude",
        "longitude",
    )
)


def profiles(batch: Batch) -> list[dict[str, Any]]:
    """One profile per row: what Klaviyo has a place for goes there, every other field is a custom property.

    An import leaves alone what is null. A custom property without a value is therefore taken off by name; a known
    attribute keeps what it was.
    """
    rows = fields_of(batch)
    fields = rows[0].keys() if rows else ()
    known = [name for name in fields if name in ATTRIBUTES]
    places = [name for name in fields if name in _PLACES]
    found = [_profile(key, row, known, places) for key, row in zip(batch.keys, rows, strict=True)]
    if any(column.null_count for column in batch.rows.columns):
        for profile in found:
            _take_off_the_empty(profile)
    return found


def spelt(address: str) -> str:
    """As Klaviyo is told of it, whenever it is told: who came under one spelling is looked up under the same."""
    return address.lower()


def _profile(key: str, row: dict[str, Any], known: list[str], places: list[str]) -> dict[str, Any]:
    attributes: dict[str, Any] = {"email": spelt(key)}
    for name in known:
        attributes[name] = row.pop(name)
    if places:
        attributes["location"] = {name.removeprefix(_LOCATION): row.pop(name) for name in places}
    attributes["properties"] = row
    return {"type": "profile", "attributes": attributes}


def _take_off_the_empty(profile: dict[str, Any]) -> None:
    properties = profile["attributes"]["properties"]
    empty = [name for name, value in properties.items() if value is None]
    if empty:
        profile["attributes"]["properties"] = {name: properties[name] for name in properties if name not in empty}
        profile["meta"] = {"patch_properties": {"unset": empty}}
