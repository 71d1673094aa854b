"""The SMS gateway: contacts of an audience by phone number; every row gets a status of its own."""

from __future__ import annotations

import re
from typing import Any

from reverse_etl.sandbox.tool import Action, JudgeCode, Row, Tool, check_lengths

_E164 = re.compile(r"^\+[1-9]\d{6,14}$")
_BLOCKED_ENDING = "0000"
_LONGEST_ATTRIBUTE = 160


def _read(_: Action, body: Any) -> list[Row]:
    rows = [Row(contact["phone"], contact.get("attributes", {})) for contact in body["contacts"]]
    for row in rows:
        check_lengths(row.fields, _LONGEST_ATTRIBUTE)
    return rows


def _judge(action: Action, row: Row) -> JudgeCode:
    if action.operation == "remove":
        return None
    if not _E164.match(row.key):
        return "invalid_number"
    return "blocked" if row.key.endswith(_BLOCKED_ENDING) else None


def _answer(codes: list[JudgeCode]) -> dict[str, Any]:
    return {"results": [{"status": "rejected", "code": code} if code else {"status": "accepted"} for code in codes]}


SMS = Tool(
    name="sms",
    list_path="/v2/audiences/{list}/contacts",
    actions=[Action("put", "put"), Action("delete", "remove")],
    max_rows=200,
    max_bytes=256_000,
    credential=lambda headers: headers.get("x-api-key", ""),
    request_id=lambda _, body: body.get("request_id"),
    read=_read,
    judge=_judge,
    answer=_answer,
)
