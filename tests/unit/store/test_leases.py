from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from cdp.errors import BusyError
from cdp.store import Store
from cdp.store.schema import leases

HOLD_FOREVER = """
import sys, time
from cdp.store import open_store
with open_store(sys.argv[1]).lease("build"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_fencing_grows_with_every_holder(store: Store) -> None:
    numbers = []
    for _ in range(3):
        with store.lease("build") as lease:
            numbers.append(lease.fencing)
    assert numbers == [1, 2, 3]


def test_a_second_holder_is_told_who_the_first_is(store: Store) -> None:
    with (
        store.lease("build"),
        pytest.raises(BusyError, match=r"another run of build is at work \(since .* UTC, pid \d+ on"),
        store.lease("build"),
    ):
        pass


def test_leases_of_other_names_do_not_meet(store: Store) -> None:
    with store.lease("build") as one, store.lease("sync:newsletter") as other:
        assert (one.fencing, other.fencing) == (1, 1)


def test_a_lease_dies_with_its_process(store: Store, store_url: str) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD_FOREVER, store_url], stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    with pytest.raises(BusyError, match=str(holder.pid)), store.lease("build"):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with store.lease("build", patience=5) as lease:
        assert lease.fencing == 2


def test_patience_waits_and_ends(store: Store) -> None:
    started = time.monotonic()
    with store.lease("build"), pytest.raises(BusyError), store.lease("build", patience=0.2):
        pass
    assert time.monotonic() - started >= 0.2


def test_a_holder_that_was_overtaken_writes_nothing(store: Store) -> None:
    with store.lease("build") as lease:
        with store.writing() as connection:
            connection.execute(leases.update().values(fencing=lease.fencing + 1))
        with pytest.raises(BusyError, match="took over build"), store.writing() as connection:
            lease.check(connection)


def test_the_lease_table_names_the_holder(store: Store, tmp_path: Path) -> None:
    with store.lease("build"), store.reading() as connection:
        row = connection.execute(select(leases)).one()
    assert row.name == "build"
    assert row.host
