"""Whole runs killed at random moments, with their children, end where undisturbed ones do: tables, tools and books."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cdp.store import open_store
from cdp.warehouse import open_warehouse
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.sandbox.serving import sandbox_folder
from reverse_etl.sandbox.state import SandboxState
from tests.integration.walk import Walk

SUMS = "planned, ok + rejected + unknown + suppressed + held + in_flight"


def tables(walk: Walk) -> dict[str, Any]:
    """Of each published table, the number of its rows and a digest that their order does not change."""
    with open_warehouse(walk.project).reader() as reader:
        names = reader.query("select table_name as name from information_schema.tables where table_schema = 'cdp'")
        found = {}
        for name in names.read_all()["name"].to_pylist():
            digest = (
                f"select count(*) as rows, cast(sum(hash(t)) as varchar) as digest from {reader.relation(name)} as t"
            )
            found[name] = reader.query(digest).read_all().to_pylist()
        return found


def tools(walk: Walk) -> dict[tuple[str, str], dict[str, str]]:
    """The members of every list of every tool. No tool was ever told the same thing twice."""
    state = SandboxState(sandbox_folder(walk.project))
    try:
        assert [state.repeated_changes(account) for account in ("esp", "sms", "ads")] == [0, 0, 0]
        return {(each.account, each.name): state.members(each.account, each.name) for each in state.lists()}
    finally:
        state.close()


def check_books(walk: Walk) -> None:
    with sqlite3.connect(walk.root / "var/store.db") as store:
        assert all(planned == accounted for planned, accounted in store.execute(f"select {SUMS} from sync_runs"))
        assert store.execute("select count(*) from outbox").fetchall() == [(0,)]
        syncs = [sync for (sync,) in store.execute("select distinct sync from sync_runs")]
    store.close()
    opened = open_store(walk.project.store_url)
    projection = ReceiptsProjection(opened, walk.project.lake)
    projection.catch_up()
    opened.close()
    acknowledged = {sync: projection.standing(sync)[0] for sync in syncs}
    standing = {account: len(members) for (account, _), members in tools(walk).items() if members}
    assert {sync.split("_")[0]: count for sync, count in acknowledged.items() if count} == standing


def survive(folder: Path, kills: int, seed: int) -> None:
    rng, done = Random(seed), 0
    calm, disturbed = Walk(folder / "calm"), Walk(folder / "disturbed")
    while done < kills:
        since = time.monotonic()
        assert calm.cdp("run").code == 0
        whole = time.monotonic() - since
        # At most four a day, lest a day that is hard to get through takes all of them.
        for _ in range(4):
            if not disturbed.killed_run(after=rng.uniform(0.1, 1.0) * whole):
                break
            done += 1
        ended = disturbed.cdp("run")
        assert ended.code == 0, ended.err
        assert tables(disturbed) == tables(calm)
        assert tools(disturbed) == tools(calm)
        check_books(disturbed)
        for walk in (calm, disturbed):
            assert walk.cdp("demo", "next-day").code == 0


@pytest.mark.proof
def test_a_dozen_kills_of_whole_runs(tmp_path: Path) -> None:
    survive(tmp_path, kills=12, seed=4)
