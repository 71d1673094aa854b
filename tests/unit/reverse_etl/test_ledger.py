"""The ledger and the receipts' way home, on both engines of the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from cdp.errors import ConfigurationError
from cdp.store import Store, open_store
from cdp.store.schema import outbox
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import KEY, OK, ROW_HASH, Counts, Operation, RowVerdict, Status, Verdict
from reverse_etl.ledger import StoreLedger
from reverse_etl.payload import Seal, new_key, packed
from reverse_etl.receipts import SCHEMA, ReceiptsProjection
from reverse_etl.status import status_of, status_of_key
from tests.doubles.moments import MORNING

SYNC = Sync.model_validate(
    {
        "name": "s",
        "description": "d",
        "owner": "o",
        "model": "sync_esp__s",
        "destination": "esp",
        "object": "list",
        "key": "id",
    }
)
SEAL_KEYS = [new_key()]
SEAL = Seal(SEAL_KEYS)
NO = RowVerdict(Verdict.REJECTED, "invalid", "it is not valid")


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_database") if on_postgres else f"sqlite:///{tmp_path / 'store.db'}"
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def projection(store: Store, tmp_path: Path) -> ReceiptsProjection:
    return ReceiptsProjection(store, tmp_path / "lake")


def rows(*keys: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{KEY: key, ROW_HASH: f"hash of {key}", "value": 1} for key in keys])


def deliver(store: Store, operation: Operation, keys: list[str], verdicts: list[RowVerdict | None]) -> Counts:
    with store.lease("sync:s") as lease:
        ledger = StoreLedger(store, lease, "s", SYNC.target, seal=SEAL)
        run = ledger.begin(MORNING)
        ledger.enqueue(run, 7, [(operation, rows(*keys))], held=2)
        batch = ledger.first()
        assert batch is not None and batch.keys == keys and batch.rows.equals(rows(*keys))
        open_rows = [position for position, verdict in enumerate(verdicts) if verdict is None]
        ledger.settle(run, batch, verdicts, batch.only(open_rows) if open_rows else None, MORNING)
        return ledger.conclude(run, Status.OK, "", MORNING)


def test_state_moves_with_the_verdicts(store: Store, projection: ReceiptsProjection) -> None:
    counts = deliver(store, Operation.ADD, ["a", "b", "c"], [RowVerdict(Verdict.OK, remote_id="r1"), NO, None])
    assert counts == Counts(planned=5, ok=1, rejected=1, held=2, in_flight=1)
    projection.catch_up()
    with store.reading() as connection:
        assert connection.scalars(select(outbox.c.idempotency_key)).all() == ["s-1-0.r"]
    stands = status_of(store, projection, SYNC)
    assert (stands.acknowledged, stands.rejected, stands.in_flight) == (1, 1, 1)
    known = {key: status_of_key(store, projection, SEAL, SYNC, key) for key in "abc"}
    assert known["a"].acknowledged and known["a"].acknowledged.row_hash == "hash of a"
    assert known["b"].refused and known["b"].refused.reason == "it is not valid"
    assert known["c"].in_flight_operation == "add" and not known["c"].receipts


def test_a_removal_takes_the_key_out(store: Store, projection: ReceiptsProjection) -> None:
    deliver(store, Operation.ADD, ["a", "b"], [OK, OK])
    deliver(store, Operation.REMOVE, ["a"], [OK])
    projection.catch_up()
    assert status_of(store, projection, SYNC).acknowledged == 1
    assert status_of_key(store, projection, SEAL, SYNC, "a").acknowledged is None


def test_nobody_reads_a_row_that_waits(store: Store) -> None:
    deliver(store, Operation.ADD, ["anna@example.com", "b"], [None, OK])
    with store.reading() as connection:
        waiting = connection.scalars(select(outbox.c.payload)).all()
    assert len(waiting) == 1 and b"anna" not in waiting[0]
    assert SEAL.open(waiting[0]).column(KEY).to_pylist() == ["anna@example.com"]
    with pytest.raises(ConfigurationError, match="sealed with a key that is not there"):
        Seal([new_key()]).open(waiting[0])
    assert SEAL.open(packed(rows("c"))).equals(rows("c")), "an older version queued rows as they are"
    newer = Seal([new_key(), *SEAL_KEYS])
    assert newer.open(waiting[0]).num_rows == 1


@pytest.mark.parametrize(("tries", "verdicts"), [(0, []), (1, ["unknown"])])
def test_a_row_does_not_wait_for_ever(
    store: Store, projection: ReceiptsProjection, tries: int, verdicts: list[str]
) -> None:
    deliver(store, Operation.ADD, ["a"], [None])
    with store.lease("sync:s") as lease:
        ledger = StoreLedger(store, lease, "s", SYNC.target, seal=SEAL)
        if tries:
            batch = ledger.first()
            assert batch is not None
            ledger.attempt(batch)
        run = ledger.begin(MORNING + timedelta(days=8))
        assert ledger.first() is None
        counts = ledger.conclude(run, Status.OK, "", MORNING)
    assert counts == Counts(planned=tries, unknown=tries)
    projection.catch_up()
    assert [receipt.verdict for receipt in projection.of_key(["s"], "a")] == verdicts


def test_receipts_land_once_and_in_order(store: Store, projection: ReceiptsProjection, tmp_path: Path) -> None:
    assert projection.catch_up() == 0
    deliver(store, Operation.ADD, ["a", "b"], [OK, NO])
    assert projection.catch_up() == projection.catch_up() == 1
    deliver(store, Operation.ADD, ["c"], [OK])
    assert projection.catch_up() == projection.watermark() == 2
    parts = sorted((tmp_path / "lake" / "raw" / "receipts" / "receipts").iterdir())
    assert [part.name for part in parts] == ["000000000001-000000000001.parquet", "000000000002-000000000002.parquet"]
    landed = pa.concat_tables([pq.read_table(part) for part in parts])
    assert landed.schema.equals(SCHEMA)
    assert landed.column("key").to_pylist() == ["a", "b", "c"]
    assert set(landed.column("at").to_pylist()) == {MORNING}
    assert set(landed.column("generation").to_pylist()) == {7}


def test_a_lake_that_knows_more_than_the_store_is_refused(projection: ReceiptsProjection, tmp_path: Path) -> None:
    folder = tmp_path / "lake" / "raw" / "receipts" / "receipts"
    folder.mkdir(parents=True)
    (folder / "000000000001-000000000009.parquet").touch()
    with pytest.raises(ConfigurationError, match="up to number 9, the operational store only up to 0"):
        projection.catch_up()
