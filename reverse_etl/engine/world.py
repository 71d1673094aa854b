"""The ports of one run, together."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from cdp.warehouse.port import Warehouse
from reverse_etl.engine.events import Observer
from reverse_etl.engine.ports import Allowance, Destination, Ledger, Permission, Projection, Time
from reverse_etl.engine.retry import Backoff


@dataclass(frozen=True, slots=True)
class World:
    """What one run may touch. `rng` only spreads waiting times."""

    warehouse: Warehouse
    projection: Projection
    destination: Destination
    ledger: Ledger
    permission: Permission
    allowance: Allowance
    time: Time
    rng: Random
    backoff: Backoff
    observer: Observer
