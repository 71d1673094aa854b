"""What is asked of every payload: a key that names a row, shapes, columns filled as they used to be."""

from __future__ import annotations

from collections.abc import Sequence

from quality.measures import E164, EMAIL, SHA256, Measure, Suite, malformed, none_where, repeated, share_where

_SHAPES = {
    "email": (EMAIL, "an e-mail address has the shape of one"),
    "phone": (E164, "a phone number is E.164"),
}
_HASHED = (SHA256, "a hash is 64 hex digits")


def payload_suite(model: str, columns: Sequence[str]) -> Suite:
    """The suite of a sync's model. The first of `columns` is its key; all of them are sent."""
    key, *_ = columns
    measures = {
        "missing_keys": none_where(f"{key} is null", "every row has its key"),
        "repeated_keys": repeated(key, says="a key is there once"),
    }
    for column in columns:
        filled = share_where(f"{column} is not null")
        measures[f"{column}_filled_share"] = Measure(filled, f"`{column}` is filled as it used to be")
        if shape := _HASHED if column.endswith("_sha256") else _SHAPES.get(column):
            measures[f"malformed_{column}"] = malformed(column, *shape)
    return Suite(model, "payloads", measures)
