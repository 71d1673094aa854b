"""A plan that starts from a checkpoint is the plan of all receipts."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cdp.landing.lake import Lake
from reverse_etl import checkpoints
from reverse_etl.checkpoints import Checkpoints
from reverse_etl.declarations import Sync
from reverse_etl.engine import unsettled
from reverse_etl.engine.checkpoint import Checkpoint
from reverse_etl.engine.plan import make_plan
from reverse_etl.receipts import SCHEMA
from tests.doubles.readers import RECEIPTS, MemoryReader
from tests.doubles.workbench import OneReader
from tests.unit.reverse_etl.test_plan import COLUMNS, Receipts, Rows, hash_of, operations, receipts, rows, sync

NAMES = [column.split()[0] for column in RECEIPTS.split(", ")]


class Bench:
    """A lake that grows part by part, and a model that changes."""

    def __init__(self, lake: Path, worthwhile: int = 0) -> None:
        self.reader, self.known, self.sync = MemoryReader(), Receipts(), sync()
        self.checkpoints = Checkpoints(Lake(lake), worthwhile)
        self.folder = lake / "raw" / "receipts" / "receipts"
        self.folder.mkdir(parents=True)
        self.want([])

    def want(self, model: Rows) -> None:
        self.reader.load("sync_esp__s", COLUMNS, model)

    def learn(self, found: list[tuple[str, str, str, str]], target: str | None = None) -> None:
        """One more part in the lake."""
        first = len(self.known) + 1
        some: Receipts = [(seq, "s", *one, f"r{seq}", target) for seq, one in enumerate(found, start=first)]
        self.known += some
        self.reader.load("receipts", RECEIPTS, self.known)
        part = pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in some], schema=SCHEMA)
        pq.write_table(part, self.folder / f"{first:012d}-{len(self.known):012d}.parquet")

    def renew(self, declared: Sync | None = None) -> None:
        self.checkpoints.renew(declared or self.sync, OneReader(self.reader))  # type: ignore[arg-type]

    def files(self) -> list[str]:
        return sorted(file.name for file in (self.folder.parent / "checkpoints").glob("*"))

    def newest(self) -> Checkpoint:
        found = self.checkpoints.newest(self.sync)
        assert found is not None
        return found

    def rows(self) -> list[dict[str, Any]]:
        return self.reader.query(f"select * from {self.newest().rows} order by seq").read_all().to_pylist()

    def plans(self) -> list[Any]:
        """Counts, operations, digest: from the checkpoint, and from all receipts."""
        found = []
        for checkpoint in (self.checkpoints.newest(self.sync), None):
            plan = make_plan(self.reader, self.sync, checkpoint)
            found.append((plan.counts, plan.samples, operations(plan), plan.digest()))
        return found


stages = st.lists(st.tuples(receipts.filter(len), rows), min_size=1, max_size=3)


def leaves_the_plan_as_it_is(stages: list[Any], newer: list[Any], model: Rows) -> None:
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for found, wanted in stages:
            bench.learn(found)
            bench.want(wanted)
            bench.renew()
            assert bench.newest()
        if newer:
            bench.learn(newer)
        bench.want(model)
        from_checkpoint, from_all = bench.plans()
        assert from_checkpoint == from_all


test_a_checkpoint_leaves_the_plan_as_it_is = settings(max_examples=10, deadline=None)(
    given(stages=stages, newer=receipts, model=rows)(leaves_the_plan_as_it_is)
)
test_always = pytest.mark.proof(
    settings(max_examples=200, deadline=None)(
        given(stages=stages, newer=receipts, model=rows)(leaves_the_plan_as_it_is)
    )
)


def standing(tmp_path: Path, count: int = 9) -> Bench:
    bench = Bench(tmp_path)
    bench.want([(f"k{number}", "x", number) for number in range(count)])
    bench.learn([(f"k{number}", "add", "ok", hash_of("x", number)) for number in range(count)])
    bench.renew()
    return bench


def left_to_compare(bench: Bench) -> int:
    sides = unsettled.unsettled(bench.reader, bench.sync, bench.newest())
    return bench.reader.query(sides.model.sql(dialect="duckdb")).read_all().num_rows


def test_what_has_not_changed_is_not_looked_at_again(tmp_path: Path) -> None:
    bench = standing(tmp_path)
    assert left_to_compare(bench) == 0
    bench.want([(f"k{number}", "y" if number == 3 else "x", number) for number in range(9)])
    assert left_to_compare(bench) == 1
    bench.learn([("k5", "update", "rejected", hash_of("y", 5))])
    assert left_to_compare(bench) == 2


def test_a_settled_key_that_comes_twice_is_found(tmp_path: Path) -> None:
    bench = standing(tmp_path)
    bench.want([(f"k{number}", "x", number) for number in [*range(9), 4]])
    assert left_to_compare(bench) == 2
    from_checkpoint, from_all = bench.plans()
    assert from_checkpoint == from_all
    assert from_all[0].duplicate_key == 2


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(stages=stages, newer=receipts.filter(len), model=rows)
def test_keys_that_share_a_hash_are_told_apart(stages: list[Any], newer: list[Any], model: Rows) -> None:
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.reader.connection.execute(
            "create macro hash(key) as cast(coalesce(ord(substr(key, 2, 1)), 0) % 2 as ubigint), "
            "(key, a, b) as md5_number_lower(concat_ws('|', key, coalesce(a, '-'), coalesce(b, '-')))"
        )
        assert bench.reader.connection.execute("select hash('k1') = hash('k3')").fetchall() == [(True,)]
        for found, wanted in stages:
            bench.learn(found)
            bench.want(wanted)
            bench.renew()
        bench.learn(newer)
        bench.want(model)
        from_checkpoint, from_all = bench.plans()
        assert from_checkpoint == from_all


def test_another_mapping_starts_anew(tmp_path: Path) -> None:
    bench = standing(tmp_path)
    bench.sync = sync(fields={"a": "beta"})
    assert bench.checkpoints.newest(bench.sync) is None
    bench.renew()
    assert [row["fingerprint"] for row in bench.rows()] == [None] * 9


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    bench = standing(tmp_path)
    for number in range(3):
        bench.learn([("k1", "update", "ok", hash_of("y", number))])
        bench.renew()
    assert [name[-17:] for name in bench.files()] == ["000000011.parquet", "000000012.parquet"]


def test_one_is_made_only_where_it_saves_something(tmp_path: Path) -> None:
    bench = Bench(tmp_path, worthwhile=2)
    bench.learn([("k1", "add", "ok", "h"), ("k2", "add", "ok", "h")])
    bench.renew()
    assert bench.files() == []
    bench.learn([("k3", "add", "ok", "h")])
    bench.renew()
    assert len(bench.files()) == 1


def test_many_parts_are_put_together(tmp_path: Path) -> None:
    bench = Bench(tmp_path, worthwhile=1_000)
    for number in range(101):
        bench.learn([(f"k{number % 7}", "add", "ok", f"h{number}")])
    bench.renew()
    assert [row["seq"] for row in bench.rows()] == list(range(95, 102))


def test_slices_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = standing(tmp_path / "whole").rows()
    monkeypatch.setattr(checkpoints, "_AT_ONCE", 2)
    assert standing(tmp_path / "sliced").rows() == whole
    assert all(row["fingerprint"] for row in whole)


def test_half_a_checkpoint_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = standing(tmp_path)
    before = bench.newest()
    bench.learn([("k1", "update", "ok", hash_of("y", 1))])

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints.os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        bench.renew()
    assert bench.newest().rows == before.rows
    monkeypatch.undo()
    bench.renew()
    assert bench.newest().rows != before.rows
    assert not [name for name in bench.files() if name.endswith(".tmp")]


def test_one_of_receipts_that_are_gone_is_not_used(tmp_path: Path) -> None:
    bench = standing(tmp_path)
    for part in bench.folder.glob("*"):
        part.unlink()
    assert bench.checkpoints.newest(bench.sync) is None
    bench.known.clear()
    bench.learn([(f"k{number}", "add", "ok", "of a restored store") for number in range(9)])
    assert bench.checkpoints.newest(bench.sync) is None


def test_a_model_that_is_gone_leaves_it_for_another_day(tmp_path: Path) -> None:
    bench = standing(tmp_path)
    bench.learn([("k1", "update", "ok", hash_of("y", 1))])
    bench.reader.connection.execute("drop table sync_esp__s")
    bench.renew()
    assert len(bench.files()) == 1
