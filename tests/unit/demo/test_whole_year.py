"""The default world: real rows stay real, and it is at least as messy as declared."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import duckdb
import pytest

from cdp.demo.rules import CASHIER_PHONE_STRANGERS, MessRates

SALES = """
    select
        order_id as basket, line_no, store_id, product_id, quantity, amount, discount, coupon_discount,
        ordered_at as sold_at
    from shop_orders where status = 'placed'
    union all
    select receipt_id, line_no, store_id, product_id, quantity, amount, discount, coupon_discount, closed_at
    from pos where receipt_type = 'sale' and flaw = ''
"""
REAL = """
    select
        cast(basket_id as varchar) as basket, row_number() over (partition by basket_id order by product_id) as line_no,
        store_id, product_id, quantity, cast(sales_value as decimal(18, 2)), cast(retail_disc as decimal(18, 2)),
        cast(coupon_disc as decimal(18, 2)) + cast(coupon_match_disc as decimal(18, 2)), transaction_timestamp
    from real_transactions
"""
CHECKOUTS = "(select * from shop_orders where status = 'placed' and line_no = 1)"
RECEIPTS = "(select * from pos where line_no = 1 and receipt_type = 'sale' and flaw = '')"

MEASURES = {
    "name_typo": """
        select avg((first_name not in (select unnest([name, transliteration]) from given_names))::int) from loyalty""",
    "name_transliterated": """
        select avg(regexp_matches(first_name, '^[A-Za-z]')::int) from loyalty
        where city in (select unnest([city, transliteration]) from cities where script = 'cyrillic')""",
    "phone_reformatted": """
        select avg((not regexp_matches(phone, '^\\+\\d+$'))::int)
        from (select phone from loyalty union all select phone from crm union all select phone from shop_orders)
        where phone is not null""",
    "junk_email": f"select avg((not regexp_matches(email, '\\d@'))::int) from {CHECKOUTS}",
    "junk_phone": f"""
        select avg((phone = '' or phone in ('null', '000000', '0000000000', '+70000000000'))::int)
        from {CHECKOUTS} where phone is not null""",
    "email_mangled": f"select avg((email <> trim(lower(email)))::int) from {CHECKOUTS}",
    "email_changed": """
        select avg((addresses > 1)::int) from (
            select count(distinct trim(lower(email))) filter (regexp_matches(email, '\\d@')) as addresses
            from web where type = 'identify' and user_id is not null group by user_id
        )""",
    "family_shared_device": """
        select count(distinct anonymous_id) / any_value(families) from (
            select anonymous_id from web group by anonymous_id having count(distinct user_id) > 1
        ), (
            select count(*) as families
            from (select 1 from truth group by person_id // 10 having count(distinct person_id) > 1)
        )""",
    "family_shared_email": """
        select avg((addresses = 1)::int) from (
            select count(distinct trim(lower(email_raw))) as addresses from truth
            where record_key like 'loyalty:card:%' and email_raw <> ''
            group by person_id // 10 having count(distinct person_id) > 1
        )""",
    "cashier_phone": f"""
        select sum(if(persons > 10 and length(digits) = 11, receipts, 0)) / sum(receipts) from (
            select
                regexp_replace(phone, '\\D', '', 'g') as digits,
                count(*) as receipts,
                count(distinct person_id) as persons
            from {RECEIPTS} as receipts join truth on record_key = 'pos:receipt:' || receipt_id
            group by digits having digits not like '%000000%'
        )""",
    "guest_then_account": f"""
        select avg((first_guest_order < first_order)::int) from (
            select person_id, min(ordered_at) as first_order
            from truth join {CHECKOUTS} on record_key = 'shop:account:' || account_id group by person_id
        ) left join (
            select person_id, min(ordered_at) as first_guest_order
            from truth join {CHECKOUTS} on record_key = 'shop:guest_order:' || order_id group by person_id
        ) using (person_id)""",
    "late": f"""
        select min(late) from (
            select avg((delivered_on > cast(sent_at as date))::int) as late from web
            union all
            select avg((delivered_on > cast(updated_at as date))::int) from {CHECKOUTS}
            union all
            select avg((delivered_on > cast(closed_at as date))::int) from {RECEIPTS}
        )""",
    "resent": "select 1 - count(distinct message_id) / count(*) from web where not is_malformed",
    "crm_deleted": "select count(*) filter (operation = 'delete') / count(distinct contact_id) from crm",
    "consent_unconfirmed": """
        select avg((not confirmed)::int) from (
            select bool_or(action = 'confirmed') as confirmed from consents
            group by address, purpose, channel, message_class having bool_or(action = 'requested')
        )""",
    "consent_withdrawn": """
        select count(*) filter (action = 'withdrawn') / count(distinct (address, purpose, channel, message_class))
        from consents""",
    "consent_regranted": """
        select sum((given > 1)::int) / count(*) from (
            select count(*) filter (action in ('granted', 'confirmed')) as given from consents
            group by address, purpose, channel, message_class having bool_or(action = 'withdrawn')
        )""",
    "malformed_web_lines": "select avg(is_malformed::int) from web",
    "malformed_receipt_lines": "select avg((flaw <> '')::int) from pos",
    "anonymous_receipts": f"select avg((card_number is null and phone is null)::int) from {RECEIPTS}",
}


def value(engine: duckdb.DuckDBPyConnection, sql: str) -> Any:
    [(only,)] = engine.execute(sql).fetchall()
    return only


def test_every_real_line_is_sold_exactly_once(whole_year: duckdb.DuckDBPyConnection) -> None:
    assert value(whole_year, f"select count(*) from ({SALES})") == 1_469_307
    assert value(whole_year, f"select count(*) from (({REAL}) except ({SALES}))") == 0


def test_the_cents_reconcile(whole_year: duckdb.DuckDBPyConnection) -> None:
    real = value(whole_year, "select sum(cast(round(sales_value * 100) as bigint)) from real_transactions")
    assert value(whole_year, f"select cast(sum(amount) * 100 as bigint) from ({SALES})") == real == 459_603_958


def test_the_shop_has_a_fifth_to_a_quarter_of_the_baskets(whole_year: duckdb.DuckDBPyConnection) -> None:
    share = value(whole_year, f"select (select count(*) from {CHECKOUTS}) / 155848")
    assert 0.20 <= share <= 0.25


def test_campaigns_and_coupons_reach_the_card_of_the_head(whole_year: duckdb.DuckDBPyConnection) -> None:
    for stream in ("campaign_sends", "coupon_redemptions"):
        real = "real_campaigns" if stream == "campaign_sends" else "real_coupon_redemptions"
        to_heads = f"""
            select count(*) from {stream} join truth on record_key = 'loyalty:card:' || card_number
            where person_id % 10 = 1"""
        assert value(whole_year, to_heads) == value(whole_year, f"select count(*) from {real}")


def test_every_rate_is_measured() -> None:
    assert set(MEASURES) == {rate.name for rate in fields(MessRates)}


@pytest.mark.parametrize("rate", MEASURES)
def test_the_world_is_as_messy_as_declared(whole_year: duckdb.DuckDBPyConnection, rate: str) -> None:
    assert value(whole_year, MEASURES[rate]) >= getattr(MessRates(), rate)


def test_a_cashiers_phone_stands_on_receipts_of_strangers(whole_year: duckdb.DuckDBPyConnection) -> None:
    often = f"""
        select count(*) from (
            select phone from {RECEIPTS} as receipts join truth on record_key = 'pos:receipt:' || receipt_id
            where phone like '89%' and length(phone) = 11
            group by phone having count(distinct person_id) >= {CASHIER_PHONE_STRANGERS}
        )"""
    assert value(whole_year, often) == 3


@pytest.mark.parametrize(
    ("stream", "least", "most"), [("web", 400_000, 600_000), ("esp", 100_000, 200_000), ("support", 1_000, 10_000)]
)
def test_the_sizes_of_a_year(whole_year: duckdb.DuckDBPyConnection, stream: str, least: int, most: int) -> None:
    assert least <= value(whole_year, f"select count(*) from {stream}") <= most


def test_the_truth_names_every_record_once(whole_year: duckdb.DuckDBPyConnection) -> None:
    assert value(whole_year, "select count(*) - count(distinct record_key) from truth") == 0
    kinds = whole_year.execute("select distinct record_key.split(':')[1:2].array_to_string(':') from truth").fetchall()
    assert {kind for (kind,) in kinds} == {
        "shop:account",
        "shop:guest_order",
        "loyalty:card",
        "crm:contact",
        "support:ticket",
        "web:cookie",
        "pos:receipt",
    }


def test_a_cookie_in_the_truth_has_one_user(whole_year: duckdb.DuckDBPyConnection) -> None:
    shared = """
        select count(*) from truth join web on record_key = 'web:cookie:' || anonymous_id
        where truth.person_id <> web.person_id"""
    assert value(whole_year, shared) == 0


def test_the_order_of_a_file_is_never_a_matter_of_chance(whole_year: duckdb.DuckDBPyConnection) -> None:
    for stream in ("web", "pos", "shop_orders", "esp", "loyalty", "consents", "support"):
        assert value(whole_year, f"select count(*) - count(distinct (file, position)) from {stream}") == 0, stream
