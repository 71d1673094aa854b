"""No window of an account's limits is ever exceeded, as the tool sees it, whoever calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.store import Store, open_store
from reverse_etl.allowance import StoreAllowance
from reverse_etl.engine.ports import Limit
from tests.doubles.engine import FastTime

LIMITS = (Limit(3, 1.0), Limit(10, 10.0), Limit(100, 5.0, of="rows"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.db'}")
    yield opened
    opened.close()


@settings(max_examples=25, deadline=None)
@given(
    calls=st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 130), st.floats(0, 2), st.floats(0, 0.5)), min_size=1, max_size=40
    ),
    account=st.uuids(),
)
def test_no_window_is_exceeded(store: Store, calls: list[tuple[int, int, float, float]], account: object) -> None:
    time = FastTime()
    processes = [StoreAllowance(store, str(account), LIMITS, time) for _ in range(2)]
    seen: list[tuple[float, int]] = []
    for process, rows, idle, latency in calls:
        time.passed += idle
        while wait := processes[process].claim(rows):
            time.passed += wait
        time.passed += latency / 2
        seen.append((time.wall(), rows))  # when the tool sees it
        time.passed += latency / 2
        processes[process].answered()
    for limit in LIMITS:
        for moment, _ in seen:
            inside = [rows for at, rows in seen if moment <= at < moment + limit.seconds - 1e-6]
            if limit.of == "calls":
                assert len(inside) <= limit.count
            else:
                assert sum(inside) <= limit.count or len(inside) == 1


def test_the_limit_is_used_up(store: Store) -> None:
    time = FastTime()
    allowance = StoreAllowance(store, "eager", LIMITS, time)
    for _ in range(101):
        while wait := allowance.claim(1):
            time.passed += wait
        allowance.answered()
    assert time.passed == pytest.approx(100.0, abs=1.5)  # ten calls in ten seconds is the tightest


def test_accounts_do_not_share(store: Store) -> None:
    time = FastTime()
    for account in ("one", "other"):
        for _ in range(3):
            assert StoreAllowance(store, account, (Limit(3, 1.0),), time).claim(1) == 0


def test_without_a_limit_nothing_is_written(store: Store, tmp_path: Path) -> None:
    assert StoreAllowance(store, "free", (), FastTime()).claim(1_000_000) == 0
