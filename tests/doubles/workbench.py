"""One sync with a real store, real receipts and a real plan, in front of a destination that fails by script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from cdp.store import Store, open_store
from cdp.warehouse.port import Reader, Warehouse
from reverse_etl.allowance import StoreAllowance
from reverse_etl.declarations import Sync
from reverse_etl.engine.events import Event
from reverse_etl.engine.retry import Backoff
from reverse_etl.engine.run import SyncResult, SyncRun
from reverse_etl.engine.world import World
from reverse_etl.ledger import StoreLedger
from reverse_etl.payload import Seal, new_key
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.status import KeyStatus, SyncStatus, status_of, status_of_key
from tests.doubles.engine import FastTime, Opinion, ScriptedDestination
from tests.doubles.readers import RECEIPTS, MemoryReader

_COLUMNS = ", ".join(column.split()[0] for column in RECEIPTS.split(", "))
_NO_RECEIPTS = f"(select * from (values (0, '', '', '', '', '', '', '')) as none ({_COLUMNS}) where false)"


class LakeReader(MemoryReader):
    """Receipts come from the lake, as in the real one."""

    def __init__(self, lake: Path) -> None:
        super().__init__()
        self._parts = lake / "raw" / "receipts" / "receipts"

    def receipts(self) -> str:
        return f"read_parquet('{self._parts}/*.parquet')" if any(self._parts.glob("*.parquet")) else _NO_RECEIPTS


class OneReader:
    """A warehouse whose readers see whatever the table has."""

    def __init__(self, reader: LakeReader) -> None:
        self._reader = reader

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        yield self._reader


class Workbench:
    """`want` sets the model's rows (key, value); `run` runs the sync once."""

    def __init__(self, folder: Path, **declared: Any) -> None:
        self.url, self.lake = f"sqlite:///{folder / 'store.db'}", folder / "lake"
        self.store: Store = open_store(self.url)
        self.projection, self.seal = ReceiptsProjection(self.store, self.lake), Seal([new_key()])
        self.reader, self.time, self.events = LakeReader(self.lake), FastTime(), list[Event]()
        self.destination, self.permission = ScriptedDestination(), Opinion()
        self.warehouse: Warehouse | None = None
        self.sync = Sync.model_validate(
            {
                "name": "newsletter",
                "description": "Test.",
                "owner": "crm",
                "model": "sync_esp__newsletter",
                "destination": "esp",
                "object": "newsletter",
                "key": "id",
                "fields": {"value": "value"},
                "guards": {"max_removal_share": 1.0},
                **declared,
            }
        )
        self.want([])

    def want(self, rows: Sequence[tuple[str | None, str | None]]) -> None:
        self.reader.load("sync_esp__newsletter", "id varchar, value varchar", rows)

    def want_keys(self, *keys: str) -> None:
        self.want([(key, "v1") for key in keys])

    def run(self, attempts: int = 4) -> SyncResult:
        with self.store.lease("sync:newsletter") as lease:
            world = World(
                warehouse=self.warehouse or OneReader(self.reader),  # type: ignore[arg-type]
                projection=self.projection,
                destination=self.destination,
                ledger=StoreLedger(
                    self.store,
                    lease,
                    self.sync.name,
                    self.sync.target,
                    seal=self.seal,
                    formerly=self.sync.formerly,
                ),
                permission=self.permission,
                allowance=StoreAllowance(self.store, "esp", self.destination.capabilities.limits, self.time),
                time=self.time,
                rng=Random(7),
                backoff=Backoff(attempts=attempts),
                observer=self.events.append,
            )
            result = SyncRun(self.sync, world).go()
        assert result.counts.accounted == result.counts.planned
        return result

    def status(self) -> SyncStatus:
        self.projection.catch_up()
        return status_of(self.store, self.projection, self.sync)

    def known_of(self, key: str) -> KeyStatus:
        self.projection.catch_up()
        return status_of_key(self.store, self.projection, self.seal, self.sync, key)

    def close_store(self) -> None:
        self.store.close()

    def close(self) -> None:
        self.store.close()
        self.reader.connection.close()
