"""The ledger and the receipts' way home, on both engines of the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from cdp.errors import ConfigurationError
from cdp.store import Store, open_store
from cdp.store.schema import acknowledged, outbox, rejections
from reverse_etl.engine.words import KEY, OK, ROW_HASH, Counts, Operation, RowVerdict, Status, Verdict
from reverse_etl.ledger import StoreLedger
from reverse_etl.receipts import SCHEMA, ReceiptsProjection
from reverse_etl.status import status_of, status_of_key
from tests.doubles.moments import MORNING

NO = RowVerdict(Verdict.REJECTED, "invalid", "it is not valid")


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_database") if on_postgres else f"sqlite:///{tmp_path / 'store.db'}"
    opened = open_store(url)
    yield opened
    opened.close()


def rows(*keys: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{KEY: key, ROW_HASH: f"hash of {key}", "value": 1} for key in keys])


def deliver(store: Store, operation: Operation, keys: list[str], verdicts: list[RowVerdict | None]) -> Counts:
    with store.lease("sync:s") as lease:
        ledger = StoreLedger(store, lease, "s", "esp")
        run = ledger.begin(MORNING)
        ledger.enqueue(run, 7, [(operation, rows(*keys))], held=2)
        batch = ledger.first()
        assert batch is not None and batch.keys == keys and batch.rows.equals(rows(*keys))
        open_rows = [position for position, verdict in enumerate(verdicts) if verdict is None]
        ledger.settle(run, batch, verdicts, batch.only(open_rows) if open_rows else None, MORNING)
        return ledger.conclude(run, Status.OK, "", MORNING)


def test_state_moves_with_the_verdicts(store: Store) -> None:
    counts = deliver(store, Operation.ADD, ["a", "b", "c"], [OK, NO, None])
    assert counts == Counts(planned=5, ok=1, rejected=1, held=2, in_flight=1)
    with store.reading() as connection:
        assert [(row.key, row.row_hash) for row in connection.execute(select(acknowledged))] == [("a", "hash of a")]
        assert [(row.key, row.code) for row in connection.execute(select(rejections))] == [("b", "invalid")]
        assert connection.scalars(select(outbox.c.idempotency_key)).all() == ["s-1-0.r"]
    assert (status_of(store, "s").acknowledged, status_of(store, "s").in_flight) == (1, 1)
    assert status_of_key(store, "s", "c").in_flight_operation == "add"
    assert status_of_key(store, "s", "b").rejected_reason == "it is not valid"


def test_a_removal_takes_the_key_out(store: Store) -> None:
    deliver(store, Operation.ADD, ["a", "b"], [RowVerdict(Verdict.OK, remote_id="r1"), OK])
    with store.reading() as connection:
        assert connection.scalar(select(acknowledged.c.remote_id).where(acknowledged.c.key == "a")) == "r1"
    deliver(store, Operation.REMOVE, ["a"], [OK])
    with store.reading() as connection:
        assert connection.scalars(select(acknowledged.c.key)).all() == ["b"]


def test_receipts_land_once_and_in_order(store: Store, tmp_path: Path) -> None:
    projection = ReceiptsProjection(store, tmp_path / "lake")
    assert projection.catch_up() == 0
    deliver(store, Operation.ADD, ["a", "b"], [OK, NO])
    assert projection.catch_up() == projection.catch_up() == 2
    deliver(store, Operation.ADD, ["c"], [OK])
    assert projection.catch_up() == projection.watermark() == 3
    parts = sorted((tmp_path / "lake" / "raw" / "receipts" / "receipts").iterdir())
    assert [part.name for part in parts] == ["000000000001-000000000002.parquet", "000000000003-000000000003.parquet"]
    landed = pa.concat_tables([pq.read_table(part) for part in parts])
    assert landed.schema.equals(SCHEMA)
    assert landed.column("key").to_pylist() == ["a", "b", "c"]
    assert set(landed.column("at").to_pylist()) == {MORNING}
    assert set(landed.column("generation").to_pylist()) == {7}


def test_a_lake_that_knows_more_than_the_store_is_refused(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "lake" / "raw" / "receipts" / "receipts"
    folder.mkdir(parents=True)
    (folder / "000000000001-000000000009.parquet").touch()
    with pytest.raises(ConfigurationError, match="up to number 9, the operational store only up to 0"):
        ReceiptsProjection(store, tmp_path / "lake").catch_up()
