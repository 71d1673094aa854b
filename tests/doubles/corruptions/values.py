"""Records that came in the right number, with something wrong in them: money, dates, products, words of a kind."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.corruptions.day import ORDERS, TILLS, WEB, Day
from tests.doubles.corruptions.registry import corruption, harmless

TILL_TIME = "%d.%m.%Y %H:%M:%S"
Record = dict[str, str]


def _later(record: Record, shift: timedelta) -> Record:
    try:
        moment = datetime.strptime(record["closed_at"], TILL_TIME) + shift
    except ValueError:
        return record
    return record | {"closed_at": f"{moment:{TILL_TIME}}"}


def _later_event(event: Any, shift: timedelta) -> Any:
    moment = datetime.fromisoformat(event["timestamp"]) + shift
    return event | {"timestamp": moment.isoformat()}


@corruption("order", "amount")
def amounts_of_orders_times_a_hundred(day: Day) -> None:
    day.rows(ORDERS, "select * replace (amount * 100 as amount) from rows")


@corruption("pos|receipt", "amount")
def tills_lose_the_decimal_comma(day: Day) -> None:
    day.cells(TILLS, lambda row: row | {"amount": row["amount"].replace(",", "")})


@corruption("order", "amount")
def amounts_of_orders_negated(day: Day) -> None:
    day.rows(ORDERS, "select * replace (-amount as amount) from rows")


@corruption("order", "currency")
def currency_swapped(day: Day) -> None:
    day.rows(ORDERS, "select * replace ('EUR' as currency) from rows")


@corruption("order", "quantity")
def quantities_negated(day: Day) -> None:
    day.rows(ORDERS, "select * replace (-quantity as quantity) from rows")


@corruption("order", "product")
def products_that_nobody_knows(day: Day) -> None:
    day.rows(ORDERS, "select * replace (product_id + 900000000 as product_id) from rows")


@corruption("order", "status")
def status_of_a_new_kind(day: Day) -> None:
    day.rows(ORDERS, "select * replace ('complete' as status) from rows")


@corruption("order", "future|date|ahead|ordered_at|updated_at")
def orders_of_next_year(day: Day) -> None:
    later = "ordered_at + interval 1 year as ordered_at, updated_at + interval 1 year as updated_at"
    day.rows(ORDERS, f"select * replace ({later}) from rows")


@corruption("web", "future|ahead|sent_at")
def clock_of_the_web_two_days_ahead(day: Day) -> None:
    day.objects(WEB, lambda events: [_later_event(event, timedelta(days=2)) for event in events])


@corruption("pos|receipt", "late|old|behind|closed_at|rows of")
def clock_of_the_tills_two_days_behind(day: Day) -> None:
    day.cells(TILLS, lambda row: _later(row, timedelta(days=-2)))


@corruption("order", "future|ahead|late|hour|ordered_at|updated_at")
def orders_in_another_time_zone(day: Day) -> None:
    later = "ordered_at + interval 8 hour as ordered_at, updated_at + interval 8 hour as updated_at"
    day.rows(ORDERS, f"select * replace ({later}) from rows")


@corruption("pos|receipt", "midnight|hour|closed_at")
def receipts_all_at_midnight(day: Day) -> None:
    day.cells(TILLS, lambda row: row | {"closed_at": row["closed_at"][:10] + " 00:00:00"})


@corruption("order", "again|same|id|changed|repeat|known|old")
def numbers_of_old_orders_used_again(day: Day) -> None:
    old = sorted(file for file in day.before if file.is_relative_to(day.inbox / ORDERS))[-120:-40]
    numbered = "select order_id, row_number() over (order by order_id) as n from (select distinct order_id from {})"
    known = f"read_parquet({[str(file) for file in old]})"
    day.rows(
        ORDERS,
        f"with old as ({numbered.format(known)}), new as ({numbered.format('rows')}) "
        "select rows.* replace (old.order_id as order_id) "
        "from rows join new using (order_id) join old on old.n = new.n",
    )


@corruption("web", "again|same|id|changed|repeat|known|constant|distinct")
def web_events_all_with_one_id(day: Day) -> None:
    day.objects(WEB, lambda events: [event | {"messageId": "00000000"} for event in events])


@corruption("pos|receipt", "amount|refused|missing|column")
def a_required_column_renamed(day: Day) -> None:
    day.lines(TILLS, lambda lines: [lines[0].replace("amount", "sum", 1), *lines[1:]])


@corruption("order", "email|column")
def an_optional_column_renamed(day: Day) -> None:
    day.rows(ORDERS, "select * rename (email as e_mail) from rows")


@corruption("web", "user|account|column")
def an_optional_column_dropped(day: Day) -> None:
    day.objects(WEB, lambda events: [{k: v for k, v in event.items() if k != "userId"} for event in events])


@corruption("order", "amount|cannot be used|rejected|refused")
def amounts_become_text_with_a_sign(day: Day) -> None:
    day.rows(ORDERS, "select * replace ('$ ' || amount as amount) from rows")


@corruption("order", "amount|cannot be used|rejected|refused")
def amounts_become_text_with_a_comma(day: Day) -> None:
    day.rows(ORDERS, "select * replace (replace(amount::varchar, '.', ',') as amount) from rows")


@corruption("web", "timestamp|sent_at|cannot be used|rejected|refused")
def moments_become_numbers(day: Day) -> None:
    def numbered(event: Any) -> Any:
        return event | {"timestamp": int(datetime.fromisoformat(event["timestamp"]).timestamp())}

    day.objects(WEB, lambda events: [*map(numbered, events)])


@harmless
def tills_write_a_decimal_point(day: Day) -> None:
    day.cells(TILLS, lambda row: row | {"amount": row["amount"].replace(",", ".")})


@harmless
def web_writes_its_fields_in_another_order(day: Day) -> None:
    day.lines(WEB, lambda lines: [_reversed(line) for line in lines])


def _reversed(line: str) -> str:
    try:
        return json.dumps(dict(reversed(json.loads(line).items())))
    except ValueError:
        return line
