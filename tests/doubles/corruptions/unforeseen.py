"""What nobody had in mind when the checks were written: held back until they were."""

from __future__ import annotations

import gzip
import json
from typing import Any

import duckdb

from tests.doubles.corruptions.day import CONSENT, MAILINGS, ORDERS, RETURNS, TILLS, WEB, Day
from tests.doubles.corruptions.registry import corruption

LIST = "members|size|rows|name|share|changed|consent|suppress|update"


@corruption("pos|receipt", "amount|discount")
def two_columns_of_the_tills_change_places(day: Day) -> None:
    def swapped(header: str) -> str:
        return header.replace("amount;discount;", "discount;amount;")

    day.lines(TILLS, lambda lines: [swapped(lines[0]), *lines[1:]])


@corruption("order", "email")
def emails_lose_their_domain(day: Day) -> None:
    day.rows(ORDERS, "select * replace (split_part(email, '@', 1) as email) from rows")


@corruption("web", "rows|per|visitor|anonymous|events")
def a_robot_on_the_site(day: Day) -> None:
    def visited(events: list[Any]) -> list[Any]:
        first = next(event for event in events if event["type"] == "page")
        return events + [first | {"messageId": f"r{number:015x}", "anonymousId": "r0b07"} for number in range(3_000)]

    day.objects(WEB, visited)


@corruption("consent", "rows|grew|granted|form|filled|channel")
def consent_of_a_bought_list(day: Day) -> None:
    said = {"purpose": "marketing", "channel": "email", "message_class": "marketing", "action": "granted"}
    when = {"lawful_basis": "consent", "occurred_at": "2017-11-08T09:00:00Z", "address_kind": "email"}
    bought = [
        json.dumps({"event_id": f"bought-{number}", "address": f"lead{number}@example.com"} | said | when)
        for number in range(3_000)
    ]
    day.lines(CONSENT, lambda lines: lines + bought)


@corruption("esp", "event|rows|campaign")
def everybody_is_said_to_have_unsubscribed(day: Day) -> None:
    mailings = [file for file in sorted(day.before) if file.is_relative_to(day.inbox / MAILINGS)]
    known = sorted({json.loads(line)["email"] for file in mailings for line in file.read_text().splitlines()})[:700]
    said = {"event": "unsubscribe", "campaign": "weekly", "occurred_at": "2017-11-08T10:00:00Z"}
    gone = [
        json.dumps({"event_id": f"u{number}", "message_id": f"m{number}", "email": email} | said)
        for number, email in enumerate(known)
    ]
    (day.inbox / MAILINGS / "2017-11-08-unsubscribes.ndjson").write_text("".join(f"{line}\n" for line in gone))


@corruption("order", "phone")
def phones_get_another_country(day: Day) -> None:
    day.rows(ORDERS, r"select * replace (regexp_replace(phone, '^(\+7|8|7)', '+1') as phone) from rows")


@corruption("pos|receipt", "store")
def all_receipts_of_store_zero(day: Day) -> None:
    day.cells(TILLS, lambda row: row | {"store_id": "0"})


@corruption("order", "name")
def everybody_is_called_test(day: Day) -> None:
    day.rows(ORDERS, "select * replace ('Test Test' as customer_name) from rows")


@corruption("pos|receipt", "closed_at|late|old|rows of")
def month_and_day_of_the_tills_change_places(day: Day) -> None:
    def swapped(moment: str) -> str:
        return f"{moment[3:5]}.{moment[:2]}{moment[5:]}"

    day.cells(TILLS, lambda row: row | {"closed_at": swapped(row["closed_at"])})


@corruption("order", "amount")
def everything_costs_a_cent(day: Day) -> None:
    day.rows(ORDERS, "select * replace (0.01::decimal(18,2) as amount) from rows")


@corruption("order", "amount")
def amounts_without_cents(day: Day) -> None:
    day.rows(ORDERS, "select * replace (floor(amount)::decimal(18,2) as amount) from rows")


@corruption("catalog|product", "department")
def a_catalogue_without_departments(day: Day) -> None:
    old = day.inbox / "catalog/products_20170101.parquet"
    bare = duckdb.read_parquet(str(old)).project("* replace (cast(null as varchar) as department)")
    bare.write_parquet(str(old.with_name("products_20171108.parquet")))


@corruption("web", "sent_at|timestamp|hour|same|distinct")
def one_moment_for_all_events(day: Day) -> None:
    day.objects(WEB, lambda events: [event | {"timestamp": "2017-11-08T12:34:56Z"} for event in events])


@corruption("newsletter|customer", LIST, is_rule=True)
def letters_greet_somebody_else(day: Day) -> None:
    same = "on subscribers.customer_id = customers.customer_id"
    day.edit("sync_esp__newsletter.sql", same, f"{same} - 1")


@corruption("newsletter", LIST, is_rule=True)
def first_and_last_names_change_places(day: Day) -> None:
    first, last = "customers.first_name as", "customers.last_name as"
    day.edit("sync_esp__newsletter.sql", f"{first} varchar) as first", f"{last} varchar) as first")


@corruption("audience|newsletter|suppress", LIST, is_rule=True)
def unsubscribes_are_forgotten(day: Day) -> None:
    day.edit("int_audiences__candidates.sql", "suppressions.address is not null as is_s", "false as is_s")


@corruption("web", "read|refused")
def web_comes_packed(day: Day) -> None:
    day.bytes(WEB, gzip.compress)


@corruption("return", "amount")
def refunds_times_a_hundred(day: Day) -> None:
    day.rows(RETURNS, "select * replace (amount * 100 as amount) from rows")


@corruption("order", "order_id|id")
def order_numbers_written_as_fractions(day: Day) -> None:
    day.rows(ORDERS, "select * replace (order_id || '.0' as order_id) from rows")


@corruption("contacts|crm", "contact|deleted|rows|changed")
def contacts_get_other_numbers(day: Day) -> None:
    day.crm("update contacts set contact_id = 'X' || contact_id")


@corruption("order|customer|identit", "account")
def accounts_of_orders_shuffled(day: Day) -> None:
    moved = "coalesce(lag(account_id) over (order by hash(order_id), line_no), account_id)"
    day.rows(ORDERS, f"select * replace ({moved} as account_id) from rows")


@corruption("web", "anonymous")
def the_cookie_is_lost(day: Day) -> None:
    day.objects(WEB, lambda events: [event | {"anonymousId": "00000000-0000"} for event in events])
