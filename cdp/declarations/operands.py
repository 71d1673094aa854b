"""What may stand beside an operator: the values YAML gives, checked against the trait's type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from cdp.declarations.rule import Duration, Operand, Operator, Scalar
from cdp.declarations.traits import Kind

EQUALITY = frozenset({Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN})
ORDER = frozenset({Operator.AT_LEAST, Operator.AT_MOST, Operator.MORE_THAN, Operator.LESS_THAN, Operator.BETWEEN})
WINDOW = frozenset({Operator.WITHIN_LAST, Operator.MORE_THAN_AGO})
LISTS = frozenset({Operator.IN, Operator.NOT_IN})

_ALWAYS = EQUALITY | {Operator.KNOWN}
OPERATORS: dict[Kind, frozenset[Operator]] = {
    Kind.WHOLE: _ALWAYS | ORDER,
    Kind.NUMBER: _ALWAYS | ORDER,
    Kind.TEXT: _ALWAYS,
    Kind.YES_NO: _ALWAYS,
    Kind.TIMESTAMP: _ALWAYS | ORDER | WINDOW,
    Kind.DATE: _ALWAYS | ORDER | WINDOW,
}

EXAMPLES = {
    Kind.WHOLE: "12",
    Kind.NUMBER: "0.25",
    Kind.TEXT: '"Berlin", in quotes',
    Kind.YES_NO: "true",
    Kind.TIMESTAMP: "2017-11-01T08:00:00 (UTC)",
    Kind.DATE: "2017-11-01",
}

DURATION = re.compile(r"([1-9]\d{0,5}) (day|hour)s?")
CALENDAR_DAYS = re.compile(r"([1-9]\d{0,5}) calendar days?")
LONGEST_DAYS = 36_500
LONGEST_TEXT = 10_000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?")
_BIGINT = 2**63

Moment = TypeVar("Moment", bound=date)


class OperandError(ValueError):
    """A value that does not fit; the message says what would, and never repeats a long value."""


def read_operand(operator: Operator, kind: Kind, written: Any) -> Operand:
    """The typed operand that `written` stands for.

    Raises OperandError with what to write instead.
    """
    if operator is Operator.KNOWN:
        return _scalar(Kind.YES_NO, written)
    if operator in WINDOW:
        return _duration(kind, written)
    if operator is Operator.BETWEEN:
        return _bounds(kind, written)
    if operator in LISTS:
        if not isinstance(written, list) or not written:
            raise OperandError(f"expected a list of at least one value, for example [{EXAMPLES[kind]}].")
        return tuple(dict.fromkeys(_scalar(kind, value) for value in written))
    return _scalar(kind, written)


def _bounds(kind: Kind, written: Any) -> Operand:
    if not isinstance(written, list) or len(written) != 2:
        raise OperandError("expected two values, [lowest, highest].")
    low, high = (_scalar(kind, value) for value in written)
    if low > high:  # type: ignore[operator]
        raise OperandError("the first value is above the second, so nobody would match: swap them.")
    return low, high


def _duration(kind: Kind, written: Any) -> Duration:
    duration = read_duration(written)
    if kind is Kind.DATE and duration.unit != "day":
        raise OperandError("the trait is a date, which has no hours: write `30 days`.")
    return duration


def read_duration(written: Any) -> Duration:
    """The length of time that `written` stands for.

    Raises OperandError with what to write instead.
    """
    text = written if isinstance(written, str) else ""
    exact, calendar = DURATION.fullmatch(text), CALENDAR_DAYS.fullmatch(text)
    if exact:
        duration = Duration(int(exact[1]), "day" if exact[2] == "day" else "hour")
    elif calendar:
        duration = Duration(int(calendar[1]), "calendar day")
    else:
        raise OperandError(
            f"expected a length of time, not {_shown(written)}: write `30 days` or `72 hours`, or `7 calendar days`."
        )
    if hours(duration) > LONGEST_DAYS * 24:
        raise OperandError(f"at most {LONGEST_DAYS} days.")
    return duration


def nothing_between(ago: Duration, within: Duration) -> bool:
    """Whether no moment is both before the start of `ago` and after that of `within`."""
    if ago.is_calendar and within.is_calendar:
        return ago.count >= within.count
    # A calendar day began up to a day ago, and has up to 25 hours.
    earliest = hours(within) + (within.count if within.is_calendar else 0)
    latest = 23 * (ago.count - 1) if ago.is_calendar else hours(ago)
    return latest >= earliest


def hours(duration: Duration) -> int:
    return duration.count * (1 if duration.unit == "hour" else 24)


def _scalar(kind: Kind, written: Any) -> Scalar:
    value = _READERS[kind](written)
    if value is None:
        raise OperandError(f"the trait is {kind}, not {_shown(written)}: write for example {EXAMPLES[kind]}.")
    return value


def _whole(written: Any) -> int | None:
    plain = isinstance(written, int) and not isinstance(written, bool)
    return written if plain and -_BIGINT <= written < _BIGINT else None


def _number(written: Any) -> Scalar | None:
    if not isinstance(written, float):
        return _whole(written)
    if not math.isfinite(written):
        return None
    if float(f"{written:.15g}") != written:
        raise OperandError("at most 15 digits: engines round beyond that, each in its own way.")
    return written


def _text(written: Any) -> str | None:
    if not isinstance(written, str):
        return None
    if len(written) > LONGEST_TEXT:
        raise OperandError(f"at most {LONGEST_TEXT} characters.")
    if "\0" in written or any("\ud800" <= character <= "\udfff" for character in written):
        raise OperandError("no database can hold this text: it has a NUL or half a character.")
    return written


def _yes_no(written: Any) -> bool | None:
    return written if isinstance(written, bool) else None


def _timestamp(written: Any) -> datetime | None:
    if not isinstance(written, str) or not _TIMESTAMP.fullmatch(written):
        return None
    return _parsed(datetime.fromisoformat, written)


def _date(written: Any) -> date | None:
    if not isinstance(written, str) or not _DATE.fullmatch(written):
        return None
    return _parsed(date.fromisoformat, written)


def _parsed(reader: Callable[[str], Moment], written: str) -> Moment:
    try:
        return reader(written)
    except ValueError:
        raise OperandError(f"there is no such day or time as {_shown(written)}.") from None


_READERS: dict[Kind, Callable[[Any], Scalar | None]] = {
    Kind.WHOLE: _whole,
    Kind.NUMBER: _number,
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
    Kind.TIMESTAMP: _timestamp,
    Kind.DATE: _date,
}


def _shown(written: Any) -> str:
    if isinstance(written, dict | list):
        return "a list or a mapping"
    text = "nothing" if written is None else str(written).lower() if isinstance(written, bool) else repr(written)
    return text if len(text) <= 40 else f"{text[:37]}…"
