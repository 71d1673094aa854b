"""No window of an account's limits is ever exceeded, as the tool sees it, whoever calls."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, select

from cdp.store import Store, open_store
from cdp.store.schema import calls as counted
from reverse_etl.allowance import StoreAllowance
from reverse_etl.engine.ports import Limit
from tests.doubles.engine import FastTime
from tests.doubles.postgres import empty_database

LIMITS = (Limit(3, 1.0), Limit(10, 10.0), Limit(100, 5.0, of="rows"))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if request.param == "postgres":
        opened = open_store(empty_database(request.getfixturevalue("postgres_url")))
    else:
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


def test_those_who_ask_at_once_wait_for_each_other(store: Store) -> None:
    """Each looks and takes in one turn, so that no two find the same place free."""
    time = FastTime()

    def claim(_: int) -> float:
        return StoreAllowance(store, "crowded", (Limit(3, 1.0),), time).claim(1)

    with ThreadPoolExecutor(8) as crowd:
        waits = list(crowd.map(claim, range(24)))
    assert waits.count(0) == 3


def written(store: Store) -> list[Row[tuple[object, ...]]]:
    with store.reading() as connection:
        return list(connection.execute(select(counted).order_by(counted.c.call_id)))


def test_without_a_limit_nothing_is_written(store: Store) -> None:
    before, allowance = written(store), StoreAllowance(store, "free", (), FastTime())
    assert allowance.claim(1_000_000) == 0
    allowance.answered()
    assert written(store) == before
    limited = StoreAllowance(store, "bound", LIMITS, FastTime())
    limited.claim(1)
    assert len(written(store)) == len(before) + 1


def test_calls_for_other_purposes_have_windows_of_their_own(store: Store) -> None:
    time = FastTime()
    ours = (Limit(2, 1.0, scope=frozenset({"send"})), Limit(2, 1.0, scope=frozenset({"poll", "read"})), Limit(3, 1.0))
    allowance = StoreAllowance(store, "scoped", ours, time)
    assert [allowance.claim(1, "send") for _ in range(2)] == [0, 0]
    assert allowance.claim(1, "send") > 0
    assert allowance.claim(1, "poll") == 0, "it has a window of its own"
    assert allowance.claim(1, "read") > 0, "what all calls share is used up"
    time.passed += 1.1
    assert [allowance.claim(1, "poll"), allowance.claim(1, "read")] == [0, 0]
    assert allowance.claim(1, "poll") > 0
    assert allowance.claim(1, "remove") == 0
