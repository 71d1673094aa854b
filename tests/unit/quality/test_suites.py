"""Every suite has teeth: a good table passes, and each way of spoiling it is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from cdp.errors import CdpError
from cdp.landing.lake import Lake
from cdp.warehouse import Generation
from cdp.warehouse.duckdb import DuckDBReader
from quality.audit import FEWEST_TO_COMPARE, audit
from quality.measures import Suite
from quality.suites import load_suites

SUITES = {suite.table: suite for suite in load_suites()}
PERSONAL = ("anna@example.com", "+79161234567", "Anna")
HASH = "repeat('a', 64)"
GOOD = {
    "dim_customers": "select i as customer_id, 'anna' || i || '@example.com' as email, '+79161234567' as phone, "
    "'Anna' as first_name, null as last_name, 2 as records_count from range(1, 201) as t(i)",
    "fct_orders": "select 'o' || i as order_id, 'RUB' as currency, 100 as gross_cents, i as customer_id "
    "from range(1, 201) as t(i)",
    "audience_members": "select 'newsletter' as audience_name, i as customer_id, 'email' as channel, "
    "'email' as address_kind, 'anna' || i || '@example.com' as address from range(1, 201) as t(i)",
    "sync_esp__newsletter": "select 'anna' || i || '@example.com' as email, i as customer_id "
    "from range(1, 201) as t(i)",
    "sync_sms__cart_reminder": "select '+7916' || (1000000 + i) as phone, i as customer_id, "
    "timestamp '2017-11-01' as cart_abandoned_at, 100 as cart_value_cents from range(1, 201) as t(i)",
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
    ("dim_customers", "select * replace (if(customer_id = 1, 100, 1) as records_count) from good", "largest_share"),
    ("fct_orders", "select * replace ('o1' as order_id) from good", "repeated_ids"),
    ("fct_orders", "select * replace (null as order_id) from good", "missing_ids"),
    ("fct_orders", "select * replace (null as currency) from good", "without_currency"),
    ("fct_orders", "select * replace (-1 as gross_cents) from good", "negative_gross"),
    ("fct_orders", "select * replace (null as customer_id) from good", "known_customer_share"),
    ("audience_members", "select * replace (null as customer_id) from good", "missing_keys"),
    ("audience_members", "select * replace (null as address) from good", "missing_addresses"),
    ("audience_members", "select * from good union all select * from good", "repeated_members"),
    ("audience_members", "select * replace ('a@b' as address) from good", "malformed_emails"),
    ("audience_members", "select * replace ('sms' as channel) from good", "wrong_channels"),
    ("audience_members", "select * replace ('phone' as address_kind) from good", "malformed_phones"),
    ("sync_esp__newsletter", "select * replace (null as email) from good", "missing_emails"),
    ("sync_esp__newsletter", "select * replace (null as customer_id) from good", "missing_customers"),
    ("sync_esp__newsletter", "select * from good union all select * from good", "repeated_emails"),
    ("sync_esp__newsletter", "select * replace ('a b@c.d' as email) from good", "malformed_emails"),
    ("sync_sms__cart_reminder", "select * replace (null as phone) from good", "missing_phones"),
    ("sync_sms__cart_reminder", "select * replace (null as customer_id) from good", "missing_customers"),
    ("sync_sms__cart_reminder", "select * from good union all select * from good", "repeated_phones"),
    ("sync_sms__cart_reminder", "select * replace ('7916' as phone) from good", "malformed_phones"),
    ("sync_sms__cart_reminder", "select * replace (0 as cart_value_cents) from good", "empty_carts"),
    ("sync_ads__champions", "select * replace (null as customer_id) from good", "missing_customers"),
    ("sync_ads__champions", "select * replace (1 as customer_id) from good", "repeated_customers"),
    (
        "sync_ads__champions",
        "select * replace ('anna@example.com' as email_meta_sha256) from good",
        "malformed_email_hashes",
    ),
    (
        "sync_ads__champions",
        "select * replace ('+79161234567' as phone_meta_sha256) from good",
        "malformed_phone_hashes",
    ),
    ("sync_ads__champions", "select * replace (null as email_meta_sha256) from good", "without_hash"),
]
ALWAYS_THERE = sorted(table for table, suite in SUITES.items() if any(b.measure == "rows" for b in suite.bounds))
KEEPS_SIZE = sorted(table for table, suite in SUITES.items() if any("share_of_pub" in b.measure for b in suite.bounds))


class TwoGenerations:
    """A warehouse of one table: what is published, if anything, and the build beside it."""

    def __init__(self, folder: Path, table: str, candidate: str, published: str | None = None) -> None:
        self._folder, self._published = folder, published is not None
        for name, query in (("published", published), ("candidate", candidate)):
            if query is not None:
                with duckdb.connect(str(folder / f"{name}.duckdb")) as connection:
                    connection.execute("create schema cdp")
                    connection.execute(f"create table cdp.{table} as with good as ({GOOD[table]}) {query}")

    def published(self) -> Generation | None:
        return _generation(1) if self._published else None

    @contextmanager
    def reader(self) -> Iterator[DuckDBReader]:
        with duckdb.connect(str(self._folder / "published.duckdb"), read_only=True) as connection:
            yield DuckDBReader(connection, _generation(1), Lake(self._folder))

    @contextmanager
    def candidate(self) -> Iterator[DuckDBReader]:
        with duckdb.connect(str(self._folder / "candidate.duckdb"), read_only=True) as connection:
            yield DuckDBReader(connection, _generation(2), Lake(self._folder))


def _generation(number: int) -> Generation:
    return Generation(number, datetime(2017, 11, 1), 1, "f")


def test_every_suite_is_named_like_its_table() -> None:
    files = {file.stem for file in (Path(__file__).parents[3] / "quality" / "suites").glob("[a-z]*.py")}
    assert files == set(SUITES) == set(GOOD)


@pytest.mark.parametrize("table", GOOD)
def test_a_good_table_passes(tmp_path: Path, table: str) -> None:
    everything = "select * from good"
    verdict = audit(TwoGenerations(tmp_path, table, everything, everything), SUITES[table])
    assert verdict.passed, verdict.broken
    assert verdict.measures["rows"] == 200
    assert verdict.measures["rows_share_of_published"] == 1


@pytest.mark.parametrize(("table", "query", "measure"), SPOILT)
def test_a_spoilt_table_is_blocked_by_name_and_without_its_data(
    tmp_path: Path, table: str, query: str, measure: str
) -> None:
    verdict = audit(TwoGenerations(tmp_path, table, query), SUITES[table])
    assert any(measure in broken for broken in verdict.broken)
    told = json.dumps([verdict.measures, verdict.broken])
    assert not [value for value in PERSONAL if value in told]


def test_every_bound_of_every_suite_can_break() -> None:
    spoilt = {(table, measure) for table, _, measure in SPOILT}
    for suite in SUITES.values():
        for bound in suite.bounds:
            if not bound.measure.startswith("rows"):
                assert any(table == suite.table and bound.measure.startswith(name) for table, name in spoilt)


@pytest.mark.parametrize("table", ALWAYS_THERE)
def test_an_empty_table_is_blocked(tmp_path: Path, table: str) -> None:
    verdict = audit(TwoGenerations(tmp_path, table, "select * from good where false"), SUITES[table])
    assert any("has rows" in broken for broken in verdict.broken)


@pytest.mark.parametrize("table", KEEPS_SIZE)
def test_a_table_that_lost_most_of_its_rows_is_blocked(tmp_path: Path, table: str) -> None:
    warehouse = TwoGenerations(tmp_path, table, "select * from good limit 80", "select * from good")
    verdict = audit(warehouse, SUITES[table])
    assert any("rows_share_of_published is 0.4" in broken for broken in verdict.broken)


def test_a_small_table_may_shrink(tmp_path: Path) -> None:
    few = f"select * from good limit {FEWEST_TO_COMPARE - 1}"
    warehouse = TwoGenerations(tmp_path, "audience_members", "select * from good limit 1", few)
    assert audit(warehouse, SUITES["audience_members"]).passed


def test_an_audit_that_breaks_is_not_bad_data(tmp_path: Path) -> None:
    suite = SUITES["fct_orders"]
    broken = Suite(suite.table, {"nonsense": "sum(no_such_column)"}, suite.bounds[:1])
    with pytest.raises(CdpError, match=r"the audit of fct_orders broke \(BinderException\): its data was not judged"):
        audit(TwoGenerations(tmp_path, suite.table, "select * from good"), broken)
