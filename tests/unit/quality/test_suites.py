"""Every suite has teeth: a good table passes, and each way of spoiling it is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from cdp.landing.lake import Lake
from cdp.project import Project
from cdp.warehouse import Generation
from cdp.warehouse.duckdb import DuckDBReader
from quality.audit import HISTORY, audit
from quality.measures import Measure, Suite
from quality.suites import load_suites
from quality.thresholds import load_thresholds
from quality.verdicts import Verdict, Word
from reverse_etl.syncs import load_syncs

REPOSITORY = Path(__file__).parents[3]
PROJECT = Project.load(REPOSITORY)
THRESHOLDS = load_thresholds(PROJECT)
PAYLOADS = {sync.model: [sync.key, *sync.fields] for sync in load_syncs(PROJECT)}
SUITES = {suite.table: suite for suite in load_suites(PROJECT, PAYLOADS)}
PERSONAL = ("anna@example.com", "+79161234567", "Anna")
HASH = "repeat('a', 64)"
NOW = "timestamp '2017-11-01'"
GOOD = {
    "dim_customers": "select i as customer_id, 'anna' || i || '@example.com' as email, '+79161234567' as phone, "
    "'Anna' as first_name, null as last_name, 2 as records_count, false as is_do_not_contact "
    "from range(1, 201) as t(i)",
    "fct_orders": "select 'o' || i as order_id, 'RUB' as currency, 100 as gross_cents, i as customer_id "
    "from range(1, 201) as t(i)",
    "audience_members": "select 'newsletter' as audience_name, i as customer_id, 'email' as channel, "
    "'email' as address_kind, 'anna' || i || '@example.com' as address from range(1, 201) as t(i)",
    "rpt_audience_funnel": "select 'newsletter' as audience_name, 400 as in_segment, 200 as members, 100 as no_consent",
    "segment_members": "select 'regulars' as segment_name, i as customer_id from range(1, 201) as t(i)",
    "fct_segment_memberships": f"select 'regulars' as segment_name, "
    f"case when i = 1 then {NOW} else {NOW} - interval 9 day "
    "end as entered_at, cast(null as timestamp) as left_at from range(1, 201) as t(i)",
    "sync_esp__newsletter": "select 'anna' || i || '@example.com' as email, i as customer_id, 'Anna' as first_name, "
    "'B' as last_name, 'Porto' as city, 'tea' as favourite_department from range(1, 201) as t(i)",
    "sync_sms__cart_reminder": "select '+7916' || (1000000 + i) as phone, i as customer_id, 'Anna' as first_name, "
    f"{NOW} as cart_abandoned_at, 100 as cart_value_cents from range(1, 201) as t(i)",
    "sync_ads__champions": f"select i as customer_id, {HASH} as email_meta_sha256, null::varchar as phone_meta_sha256 "
    "from range(1, 201) as t(i)",
}
SPOILT = [
    ("dim_customers", "select * replace (1 as customer_id) from good", "repeated_ids"),
    ("dim_customers", "select * replace (null as customer_id) from good", "missing_ids"),
    ("dim_customers", "select * replace ('anna' as email) from good", "malformed_emails"),
    ("dim_customers", "select * replace ('89161234567' as phone) from good", "malformed_phones"),
    ("dim_customers", "select * replace (null as first_name) from good", "named_share"),
    ("dim_customers", "select * replace (null as email, null as phone) from good", "reachable_share"),
    ("dim_customers", "select * replace (null as email) from good", "email_share"),
    ("dim_customers", "select * replace (null as phone) from good", "phone_share"),
    ("dim_customers", "select * replace (true as is_do_not_contact) from good", "do_not_contact_share"),
    ("dim_customers", "select * replace (3 as records_count) from good", "records_per_customer"),
    ("dim_customers", "select * replace (if(customer_id = 1, 100, 1) as records_count) from good", "largest_share"),
    ("dim_customers", "select * replace (if(customer_id = 1, 100, 2) as records_count) from good", "largest_customer"),
    ("fct_orders", "select * replace ('o1' as order_id) from good", "repeated_ids"),
    ("fct_orders", "select * replace (null as order_id) from good", "missing_ids"),
    ("fct_orders", "select * replace (null as currency) from good", "without_currency"),
    ("fct_orders", "select * replace (-1 as gross_cents) from good", "negative_gross"),
    ("fct_orders", "select * replace (10000 as gross_cents) from good", "gross_cents"),
    ("fct_orders", "select * replace (null as customer_id) from good", "known_customer_share"),
    ("audience_members", "select * replace (null as customer_id) from good", "missing_keys"),
    ("audience_members", "select * replace (null as address) from good", "missing_addresses"),
    ("audience_members", "select * from good union all select * from good", "repeated_members"),
    ("audience_members", "select * replace ('a@b' as address) from good", "malformed_emails"),
    ("audience_members", "select * replace ('sms' as channel) from good", "wrong_channels"),
    ("audience_members", "select * replace ('phone' as address_kind) from good", "malformed_phones"),
    ("rpt_audience_funnel", "select * replace (1200 as in_segment) from good", "newsletter.in_segment"),
    ("rpt_audience_funnel", "select * replace (20 as members) from good", "newsletter.members"),
    ("rpt_audience_funnel", "select * replace (390 as members) from good", "newsletter.reached_share"),
    ("rpt_audience_funnel", "select * replace (0 as no_consent) from good", "newsletter.without_consent_share"),
    ("segment_members", "select * from good limit 50", "regulars.rows"),
    (
        "fct_segment_memberships",
        f"select * replace ({NOW} as left_at) from good union all from good",
        "regulars.moved_share",
    ),
    ("sync_esp__newsletter", "select * replace (null as email) from good", "missing_keys"),
    ("sync_esp__newsletter", "select * from good union all select * from good", "repeated_keys"),
    ("sync_esp__newsletter", "select * replace ('a b@c.d' as email) from good", "malformed_email"),
    ("sync_esp__newsletter", "select * replace (null as city) from good", "city_filled_share"),
    ("sync_sms__cart_reminder", "select * replace (null as phone) from good", "missing_keys"),
    ("sync_sms__cart_reminder", "select * replace ('7916' as phone) from good", "malformed_phone"),
    ("sync_sms__cart_reminder", "select * replace (0 as cart_value_cents) from good", "empty_carts"),
    ("sync_ads__champions", "select * replace (1 as customer_id) from good", "repeated_keys"),
    (
        "sync_ads__champions",
        "select * replace ('anna@example.com' as email_meta_sha256) from good",
        "malformed_email_meta",
    ),
    ("sync_ads__champions", "select * replace ('+79161234567' as phone_meta_sha256) from good", "malformed_phone_meta"),
    ("sync_ads__champions", "select * replace (null as email_meta_sha256) from good", "without_hash"),
]
WITHOUT_ROWS = ["dim_customers", "fct_orders", "audience_members", "sync_esp__newsletter"]


class Built:
    """A warehouse with a candidate of one table, and what its measures were before."""

    def __init__(self, folder: Path, table: str, query: str, usual: dict[str, float] | None = None) -> None:
        self._folder = folder
        with duckdb.connect(str(folder / "candidate.duckdb")) as connection:
            connection.execute("create schema cdp; create schema control")
            connection.execute(f"create table control.clock as select {NOW} as as_of")
            connection.execute(f"create table cdp.{table} as with good as ({GOOD[table]}) {query}")
            if usual is not None:
                connection.execute(
                    f"create table cdp.{HISTORY} (check_name varchar, table_name varchar, median_value double, "
                    "spread double, observations bigint)"
                )
                for check, value in usual.items():
                    connection.execute(f"insert into cdp.{HISTORY} values (?, ?, ?, 0, 5)", [check, table, value])

    @contextmanager
    def candidate(self) -> Iterator[DuckDBReader]:
        with duckdb.connect(str(self._folder / "candidate.duckdb"), read_only=True) as connection:
            yield DuckDBReader(connection, Generation(2, datetime(2017, 11, 1), 1, "f"), Lake(self._folder))


def judged(folder: Path, table: str, query: str, usual: dict[str, float] | None = None) -> list[Verdict]:
    folder.mkdir(exist_ok=True)
    return audit(Built(folder, table, query, usual), SUITES[table], THRESHOLDS)  # type: ignore[arg-type]


def usual_of(folder: Path, table: str) -> dict[str, float]:
    """What a good table measures."""
    return {each.check: each.value or 0.0 for each in judged(folder / "usual", table, "select * from good")}


def broken(verdicts: list[Verdict]) -> list[str]:
    return [verdict.check for verdict in verdicts if verdict.word is not Word.PASSED]


def test_every_guarded_table_has_a_good_example() -> None:
    files = {file.stem for file in (REPOSITORY / "quality" / "suites").glob("[a-z]*.py")}
    assert files <= set(SUITES) == set(GOOD)


@pytest.mark.parametrize("table", GOOD)
def test_a_good_table_passes_with_and_without_a_history(tmp_path: Path, table: str) -> None:
    assert not broken(judged(tmp_path / "first", table, "select * from good"))
    assert not broken(judged(tmp_path / "later", table, "select * from good", usual_of(tmp_path, table)))


@pytest.mark.parametrize(("table", "query", "measure"), SPOILT)
def test_a_spoilt_table_is_blocked_by_name_and_without_its_data(
    tmp_path: Path, table: str, query: str, measure: str
) -> None:
    verdicts = judged(tmp_path / "spoilt", table, query, usual_of(tmp_path, table))
    assert any(check.startswith(f"{table}.{measure}") for check in broken(verdicts))
    told = json.dumps([(verdict.check, verdict.value, verdict.told) for verdict in verdicts])
    assert not [value for value in PERSONAL if value in told]


@pytest.mark.parametrize("table", WITHOUT_ROWS)
def test_an_empty_table_is_blocked(tmp_path: Path, table: str) -> None:
    assert f"{table}.rows" in broken(judged(tmp_path / "empty", table, "select * from good where false"))


def test_a_payload_stops_its_syncs_and_all_else_the_build() -> None:
    for suite in SUITES.values():
        assert THRESHOLDS.stops(suite.table, suite.boundary) == ("syncs" if suite.boundary == "payloads" else "build")


def test_a_small_table_may_shrink(tmp_path: Path) -> None:
    usual = {"segment_members.regulars.rows": 20.0}
    assert not broken(judged(tmp_path, "segment_members", "select * from good limit 1", usual))


def test_an_audit_that_breaks_is_not_bad_data(tmp_path: Path) -> None:
    suite = Suite("fct_orders", "customers", {"missing_ids": Measure("sum(no_such_column)", "nonsense")})
    (verdict,) = audit(Built(tmp_path, "fct_orders", "select * from good"), suite, THRESHOLDS)  # type: ignore[arg-type]
    assert verdict.word is Word.BROKE
    assert "its data was not judged" in verdict.told[0]
