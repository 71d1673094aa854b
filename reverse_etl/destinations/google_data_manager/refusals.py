"""What Google says of a request, and later of its records: reasons from its lists, never its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import orjson

from reverse_etl.destinations.http import busy
from reverse_etl.engine.words import MATCHED, Reply, RowVerdict, Verdict

_MEMBER = re.compile(r"audience_?members\[(\d+)\]", re.IGNORECASE)
_REASONS = {
    "INVALID_HEX_ENCODING": "Google cannot read a hash of this row",
    "INVALID_SHA256_FORMAT": "Google cannot read a hash of this row",
    "INVALID_FORMAT": "Google cannot read a hash of this row",
    "INVALID_AUDIENCE_MEMBER": "Google does not take this member",
    "TOO_MANY_USER_IDENTIFIERS": "the row has too many identifiers",
    "DENIED_CONSENT": "the consent that was sent does not allow it",
    "NO_CONSENT": "the consent that was sent does not allow it",
    "UNKNOWN_CONSENT": "the consent that was sent does not allow it",
}
_TOO_MANY = "TOO_MANY_AUDIENCE_MEMBERS"
_OURS = {
    "TERMS_AND_CONDITIONS_NOT_SIGNED": "the account has not accepted Google's terms for customer lists",
    "INVALID_USER_LIST_ID": "there is no such list in this account",
    "INVALID_USER_LIST_TYPE": "the list is not one of contact data",
    "INVALID_DESTINATION": "there is no such account, or no such list in it",
}
_PREFIX = "PROCESSING_ERROR_REASON_"
_FAILED_ON_ITS_SIDE = "INTERNAL_ERROR"
_ANSWERED_TOGETHER = RowVerdict(Verdict.RETRY, "request_refused", "Google took nothing of the request")
_ONCE_MORE = RowVerdict(Verdict.RETRY, "internal_error", "Google failed at this row")


def meaning(response: httpx.Response) -> Reply | None:
    """A request fails whole: because of rows that are named, of its size, or of what it is about."""
    if response.status_code == 429:
        return Reply(Verdict.RETRY, "http_429", "Google is busy with us", retry_after=_retry_after(response))
    if response.status_code != 400:
        return None
    try:
        violations = list(_violations(orjson.loads(response.content)["error"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    reasons = {reason for _, reason in violations}
    rows = {int(found[1]): _refused(why) for field, why in violations if (found := _MEMBER.search(field))}
    if rows:
        return Reply(Verdict.REJECTED, "rows_refused", rows=rows)
    if reasons & {_TOO_MANY, *_REASONS}:
        return Reply(Verdict.REJECTED, "request_refused", "Google refuses the request because of its rows")
    known = next(iter(sorted(reasons & _OURS.keys())), "")
    return Reply(Verdict.FATAL, known.lower() or "http_400", _OURS.get(known, "Google does not take such requests"))


def _violations(error: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields and reasons, as far as the details name them."""
    for detail in error.get("details", []):
        yield "", str(detail.get("reason", ""))
        for violation in detail.get("fieldViolations", []):
            yield str(violation.get("field", "")), str(violation.get("reason", ""))


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, from the header or else from the details of the error."""
    told = busy(response).retry_after
    try:
        details = [] if told is not None else orjson.loads(response.content)["error"]["details"]
        delays = [float(str(detail["retryDelay"]).removesuffix("s")) for detail in details if "retryDelay" in detail]
    except (ValueError, KeyError, TypeError):
        return told
    return max(delays, default=told)


def _refused(reason: str) -> RowVerdict:
    known = reason if reason in _REASONS else "INVALID_AUDIENCE_MEMBER"
    return RowVerdict(Verdict.REJECTED, known.lower(), _REASONS[known])


def placed(reply: Reply, sent: Sequence[int]) -> Reply:
    """A refusal of the rows of a request, whose members were those at the positions `sent`: the others go again."""
    refused = {sent[number]: verdict for number, verdict in reply.rows.items() if number < len(sent)}
    return Reply(Verdict.OK, reply.code, rows={**dict.fromkeys(sent, _ANSWERED_TOGETHER), **refused})


def forgotten(sent: Sequence[int]) -> Reply:
    """Google no longer knows the request: it may be sent again, for saying it twice does no harm."""
    return Reply(Verdict.OK, "request_lost", rows=dict.fromkeys(sent, _ONCE_MORE))


def ended(status: Mapping[str, Any], sent: Sequence[int]) -> Reply:
    """What became of a request, as its status tells: `pending` without a job while nothing has.

    The code of a success is the match rate, where Google gives one. Refused rows that are not named are looked for by
    the engine.
    """
    said = status["requestStatus"]
    if said not in {"SUCCESS", "PARTIAL_SUCCESS", "FAILED"}:
        return Reply(Verdict.PENDING)
    errors = [] if said == "SUCCESS" else status.get("errorInfo", {}).get("errorCounts", [])
    refused: dict[int, RowVerdict] = {}
    for error in errors:
        named = [sent[number] for number in error.get("recordIndices", []) if number < len(sent)]
        refused |= dict.fromkeys(named or (sent if said == "FAILED" else []), _later(error["reason"]))
    if said == "FAILED":
        refused = {**dict.fromkeys(sent, _refused("")), **refused}
    elif said == "PARTIAL_SUCCESS" and not (errors and all(map(_names_all, errors))):
        return Reply(Verdict.REJECTED, "rows_refused", "Google refuses rows without saying which")
    return Reply(Verdict.OK, _match_rate(status), rows=refused)


def _names_all(error: Mapping[str, Any]) -> bool:
    return len(error.get("recordIndices", [])) >= int(error.get("recordCount", 1))


def _later(reason: str) -> RowVerdict:
    short = reason.removeprefix(_PREFIX)
    return _ONCE_MORE if short == _FAILED_ON_ITS_SIDE else _refused(short)


def _match_rate(status: Mapping[str, Any]) -> str:
    counted = status.get("audienceMembersIngestionStatus", {}).get("userDataIngestionStatus", {})
    rate = str(counted.get("uploadMatchRateRange", "")).removeprefix("MATCH_RATE_RANGE_")
    return f"{MATCHED}{rate.lower()}" if re.fullmatch(r"(LESS_THAN_)?\d+(_TO_\d+)?", rate) else ""
