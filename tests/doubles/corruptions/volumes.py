"""Too little, too much, the wrong day, or only a part of a file."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from tests.doubles.corruptions.day import CONSENT, LOYALTY, MAILINGS, ORDERS, TICKETS, TILLS, WEB, Day, Lines
from tests.doubles.corruptions.registry import corruption

FEW = "few|fell|silent|empty|missing|rows of|relations|volume|without a row|refused"
MANY = "many|grew|repeat|twice|rows of|relations|volume|again|known|come before"


def _every_second_receipt(lines: Lines) -> Lines:
    return lines[:1] + [line for line in lines[1:] if sum(line.split(";")[0].encode()) % 2]


def _again_under_new_ids(lines: Lines) -> Lines:
    return lines + [f"9{line}" for line in lines[1:]]


def _resent(events: list[Any]) -> list[Any]:
    return events + [event | {"messageId": event["messageId"][::-1] + "x"} for event in events]


def _of_the_day_before(day: Day, source: str, *, same_bytes: bool = True) -> None:
    day.drop(source)
    for file in day.yesterday:
        if file.is_relative_to(day.inbox / source):
            renamed = day.inbox / _a_day_on(str(file.relative_to(day.inbox)))
            renamed.parent.mkdir(parents=True, exist_ok=True)
            renamed.write_bytes(file.read_bytes() + (b"" if same_bytes else b"\n"))


def _a_day_on(name: str) -> str:
    """The name of a file with its day moved on by one."""
    written = re.search(r"2017(.?)(\d\d)\1(\d\d)", name)
    assert written
    between = written[1]
    day = date(2017, int(written[2]), int(written[3])) + timedelta(days=1)
    return name.replace(written[0], f"{day:%Y{between}%m{between}%d}")


@corruption("pos|receipt", FEW)
def tills_send_a_header_and_no_lines(day: Day) -> None:
    day.lines(TILLS, lambda lines: lines[:1])


@corruption("order", FEW)
def shop_sends_empty_files(day: Day) -> None:
    day.rows(ORDERS, "select * from rows limit 0")


@corruption("order", FEW)
def shop_sends_nothing(day: Day) -> None:
    day.drop(ORDERS)


@corruption("pos|receipt", FEW)
def half_of_the_receipts(day: Day) -> None:
    day.lines(TILLS, _every_second_receipt)


@corruption("order|web", FEW)
def half_of_the_orders(day: Day) -> None:
    day.rows(ORDERS, "select * from rows where hash(order_id) % 2 = 0")


@corruption("web|order", FEW)
def half_of_the_visitors(day: Day) -> None:
    day.objects(WEB, lambda events: [event for event in events if int(event["anonymousId"], 16) % 2])


@corruption("web", FEW)
def every_second_web_event(day: Day) -> None:
    day.lines(WEB, lambda lines: lines[::2])


@corruption("pos|receipt", MANY)
def receipts_twice_under_new_numbers(day: Day) -> None:
    day.lines(TILLS, _again_under_new_ids)


@corruption("order|web", MANY)
def orders_twice_under_new_numbers(day: Day) -> None:
    day.rows(ORDERS, "select * from rows union all select * replace ('9' || order_id as order_id) from rows")


@corruption("web", MANY)
def web_events_twice_under_new_ids(day: Day) -> None:
    day.objects(WEB, _resent)


@corruption("pos|receipt", "again|same|duplicate|repeat|" + FEW)
def yesterdays_receipts_under_todays_name(day: Day) -> None:
    _of_the_day_before(day, TILLS)


@corruption("web", "again|same|repeat|known|late|old|" + FEW)
def yesterdays_web_events_in_other_bytes(day: Day) -> None:
    _of_the_day_before(day, WEB, same_bytes=False)


@corruption("web|pos|receipt|order", "again|same|repeat|late|old|" + FEW)
def every_source_is_a_day_old(day: Day) -> None:
    for source in (ORDERS, TILLS, WEB, CONSENT, MAILINGS, TICKETS, LOYALTY):
        _of_the_day_before(day, source)


@corruption("web", "malformed|cannot be used|cut|" + FEW)
def web_file_cut_in_the_middle_of_a_line(day: Day) -> None:
    day.bytes(WEB, lambda content: content[: len(content) * 2 // 5])


@corruption("pos|receipt", FEW)
def receipt_file_cut_between_two_lines(day: Day) -> None:
    day.lines(TILLS, lambda lines: lines[: len(lines) * 2 // 5])


@corruption("order", "refused|read")
def an_order_file_loses_its_end(day: Day) -> None:
    largest = max(day.files(ORDERS), key=lambda file: file.stat().st_size)
    content = largest.read_bytes()
    day.bytes(ORDERS, lambda each: each[: len(each) // 2] if each == content else each)


@corruption("pos|receipt", "same|duplicate|again|repeat|" + MANY)
def receipt_file_twice_under_another_name(day: Day) -> None:
    for file in day.files(TILLS):
        file.with_stem(f"{file.stem}_copy").write_bytes(file.read_bytes())


@corruption("order|web", "same|duplicate|again|repeat|" + MANY)
def order_files_twice_in_other_bytes(day: Day) -> None:
    day.rows(ORDERS, "select * from rows union all select * from rows")


@corruption("web", FEW)
def web_silent_for_two_days(day: Day) -> None:
    day.and_another().drop(WEB)


@corruption("web", "json|malformed|cannot be used|unreadable|refused|" + FEW)
def web_delivers_an_error_page(day: Day) -> None:
    page = ["<!doctype html>", "<html><head><title>502 Bad Gateway</title></head>", "<body>nginx</body></html>"]
    day.lines(WEB, lambda _: page)
