"""A run that takes out of a tool all that a sync has put there."""

from __future__ import annotations

import pyarrow as pa

from reverse_etl.declarations import Sync
from reverse_etl.engine.delivery import Delivery, Ending
from reverse_etl.engine.run import SyncRun
from reverse_etl.engine.words import Operation, Status
from reverse_etl.engine.world import World


class TakingOut(SyncRun):
    """`rows` are those of `reverse_etl.standing.held`; whoever calls holds the sync's lease."""

    def __init__(self, sync: Sync, world: World, rows: pa.RecordBatch) -> None:
        super().__init__(sync, world)
        self._rows = rows

    def _steps(self, run: int) -> Ending:
        delivery = Delivery(self._sync, run, self._world)
        left_over = delivery.drain(is_left_over=True)
        if left_over.status is not Status.OK:
            return left_over
        size = self._world.destination.capabilities.max_rows
        batches = [(Operation.REMOVE, self._rows.slice(start, size)) for start in range(0, self._rows.num_rows, size)]
        self._world.ledger.enqueue(run, 0, batches, held=0)
        return delivery.drain()
