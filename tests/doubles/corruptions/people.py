"""Records that say something wrong of somebody: addresses, names, ids of people, consent."""

from __future__ import annotations

from typing import Any

from tests.doubles.corruptions.day import CONSENT, ORDERS, TILLS, WEB, Day, Lines
from tests.doubles.corruptions.registry import corruption, harmless

ONE_PHONE, ONE_EMAIL = "+79161112233", "orders@shop.example"
WHO = "shar|cluster|one |same|customer|merge|distinct|phone|email"


def _shifted(lines: Lines, column: int) -> Lines:
    header, *rows = (line.split(";") for line in lines)
    values = [row[column] if column < len(row) else "" for row in rows]
    others = zip(rows, values[-1:] + values, strict=False)
    moved = [[*row[:column], value, *row[column + 1 :]] for row, value in others]
    return [";".join(row) for row in [header, *moved]]


@corruption("order", "email")
def emails_nulled(day: Day) -> None:
    day.rows(ORDERS, "select * replace (cast(null as varchar) as email) from rows")


@corruption("order|customer|identit", "email|" + WHO)
def emails_shifted_by_a_row(day: Day) -> None:
    moved = "coalesce(lag(email) over (order by ordered_at, order_id, line_no), email)"
    day.rows(ORDERS, f"select * replace ({moved} as email) from rows")


@corruption("pos|receipt|customer|identit", "phone|" + WHO)
def phones_of_receipts_shifted_by_a_row(day: Day) -> None:
    day.lines(TILLS, lambda lines: _shifted(lines, column=13))


@corruption("pos|receipt|customer|identit", "card|" + WHO)
def cards_of_receipts_shifted_by_a_row(day: Day) -> None:
    day.lines(TILLS, lambda lines: _shifted(lines, column=12))


@corruption("consent", "action|withdrawn|granted|consent")
def consent_flipped(day: Day) -> None:
    other = {"granted": "withdrawn", "withdrawn": "granted"}
    day.objects(CONSENT, lambda events: [each | {"action": other.get(each["action"], "granted")} for each in events])


@corruption("consent", "again|same|changed|action|withdrawn|granted|repeat")
def all_consent_flipped_under_the_same_ids(day: Day) -> None:
    other = {b'"action":"granted"': b'"action":"withdrawn"', b'"action":"withdrawn"': b'"action":"granted"'}
    history = b"".join(file.read_bytes() for file in sorted(day.before) if file.is_relative_to(day.inbox / CONSENT))

    def flipped(line: bytes) -> bytes:
        return next((line.replace(old, new) for old, new in other.items() if old in line), line)

    day.bytes(CONSENT, lambda content: content + b"".join(map(flipped, history.splitlines(keepends=True))))


@corruption("order|customer|identit", "phone|" + WHO)
def one_phone_on_all_orders(day: Day) -> None:
    day.rows(ORDERS, f"select * replace ('{ONE_PHONE}' as phone) from rows")


@corruption("pos|receipt|customer|identit", "phone|" + WHO)
def one_phone_on_all_receipts(day: Day) -> None:
    day.cells(TILLS, lambda row: row | {"phone": ONE_PHONE})


@corruption("order|customer|identit", "email|" + WHO)
def one_email_on_all_orders(day: Day) -> None:
    day.rows(ORDERS, f"select * replace ('{ONE_EMAIL}' as email) from rows")


@corruption("contacts|crm", "email|" + WHO)
def one_email_for_all_contacts(day: Day) -> None:
    day.crm(f"update contacts set email = '{ONE_EMAIL}'")


@corruption("contacts|crm", "email|changed|" + WHO)
def emails_of_contacts_emptied(day: Day) -> None:
    day.crm("update contacts set email = null")


@corruption("contacts|crm", "do_not_contact|changed")
def wishes_of_contacts_inverted(day: Day) -> None:
    day.crm("update contacts set do_not_contact = not do_not_contact")


@corruption("contacts|crm", "empty|deleted|gone|fell|rows")
def contacts_emptied(day: Day) -> None:
    day.crm("delete from contacts")


@corruption("contacts|crm", "deleted|gone|fell|rows|delete")
def half_of_the_contacts_deleted(day: Day) -> None:
    day.crm("delete from contacts where rowid % 2 = 0")


@corruption("contacts|crm", "name|changed")
def names_of_contacts_shifted_by_a_row(day: Day) -> None:
    day.crm(
        "update contacts set full_name = moved.name from "
        "(select contact_id as id, lag(full_name) over (order by contact_id) as name from contacts) as moved "
        "where moved.id = contact_id and moved.name is not null"
    )


@corruption("pos|receipt|customer|identit", "card|loyalty|" + WHO)
def missing_cards_become_zero(day: Day) -> None:
    day.cells(TILLS, lambda row: row | {"loyalty_card": row.get("loyalty_card") or "0"})


@corruption("web|customer|identit", "user|account|" + WHO)
def everybody_signed_in_as_one_account(day: Day) -> None:
    def signed_in(event: Any) -> Any:
        return event | {"userId": "A100000000"} if event["userId"] else event

    day.objects(WEB, lambda events: [*map(signed_in, events)])


@corruption("order", "name|encod|mangled|character")
def names_of_utf8_read_as_latin1(day: Day) -> None:
    letters = "".join(chr(number) for number in range(0x410, 0x450))
    mangled = [letter.encode().decode("latin-1") for letter in letters]
    name = "customer_name"
    for letter, wrong in zip(letters, mangled, strict=True):
        name = f"replace({name}, '{letter}', '{wrong}')"
    day.rows(ORDERS, f"select * replace ({name} as customer_name) from rows")


@corruption("pos|receipt", "cashier|encod|mangled|character|cannot be used")
def tills_write_utf8(day: Day) -> None:
    day.bytes(TILLS, lambda content: content.decode("windows-1251").encode())


@corruption("web", "encod|utf-8|character|cannot be used|rejected|refused")
def web_writes_windows_1251(day: Day) -> None:
    day.bytes(WEB, lambda content: content.decode().encode("windows-1251", errors="replace"))


@harmless
def emails_in_capitals_and_padded(day: Day) -> None:
    day.rows(ORDERS, "select * replace ('  ' || upper(email) || ' ' as email) from rows")


@harmless
def phones_written_with_spaces(day: Day) -> None:
    spaced = r"regexp_replace(phone, '^\+7(\d{3})(\d{3})(\d\d)(\d\d)$', '+7 (\1) \2-\3-\4')"
    day.rows(ORDERS, f"select * replace ({spaced} as phone) from rows")
