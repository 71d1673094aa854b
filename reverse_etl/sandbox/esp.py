"""The e-mail service: lists of members by e-mail address; a success names the rows it did not take."""

from __future__ import annotations

import re
from typing import Any

from reverse_etl.sandbox.tool import Action, JudgeCode, Row, Tool, bearer, check_lengths

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_LONGEST_FIELD = 255


def _read(action: Action, body: Any) -> list[Row]:
    if action.operation == "remove":
        return [Row(email, {}) for email in body["emails"]]
    rows = [Row(member["email"], member["fields"]) for member in body["members"]]
    for row in rows:
        check_lengths(row.fields, _LONGEST_FIELD)
    return rows


def _judge(action: Action, row: Row) -> JudgeCode:
    return None if action.operation == "remove" or _EMAIL.match(row.key) else "invalid_email"


def _answer(codes: list[JudgeCode]) -> dict[str, Any]:
    errors = [{"index": position, "code": code} for position, code in enumerate(codes) if code]
    return {"accepted": len(codes) - len(errors), "errors": errors}


ESP = Tool(
    name="esp",
    list_path="/v1/lists/{list}/members",
    actions=[Action("upsert", "put"), Action("remove", "remove")],
    max_rows=500,
    max_bytes=1_000_000,
    credential=bearer,
    request_id=lambda headers, _: headers.get("idempotency-key"),
    read=_read,
    judge=_judge,
    answer=_answer,
)
