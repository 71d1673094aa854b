"""The ad platform: users of an audience by an id of ours, matched by hashes; answers are counts and positions."""

from __future__ import annotations

import re
from typing import Any

from starlette.exceptions import HTTPException

from reverse_etl.sandbox.tool import Action, JudgeCode, Row, Tool, bearer

_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_SCHEMAS = {"put": ["external_id", "email_sha256", "phone_sha256"], "remove": ["external_id"]}


def _read(action: Action, body: Any) -> list[Row]:
    schema = _SCHEMAS[action.operation]
    if body["schema"] != schema or any(len(entry) != len(schema) for entry in body["data"]):
        raise HTTPException(400, "the data does not have the schema")
    return [Row(entry[0], dict(zip(schema[1:], entry[1:], strict=True))) for entry in body["data"]]


def _judge(action: Action, row: Row) -> JudgeCode:
    hashes = [value for value in row.fields.values() if value is not None]
    is_valid = action.operation == "remove" or (hashes and all(_SHA256.match(value) for value in hashes))
    return None if is_valid else "invalid_entry"


def _answer(codes: list[JudgeCode]) -> dict[str, Any]:
    invalid = [position for position, code in enumerate(codes) if code]
    return {"num_received": len(codes), "num_invalid_entries": len(invalid), "invalid_entry_indices": invalid}


ADS = Tool(
    name="ads",
    list_path="/v3/audiences/{list}/users",
    actions=[Action("add", "put"), Action("remove", "remove")],
    max_rows=1_000,
    max_bytes=2_000_000,
    credential=bearer,
    read=_read,
    judge=_judge,
    answer=_answer,
)
