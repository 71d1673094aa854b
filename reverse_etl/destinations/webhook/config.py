"""What a receiver of webhooks can do, and what may be said of it."""

from __future__ import annotations

from pydantic import Field

from reverse_etl.destinations.connector import CapabilitySheet, Options
from reverse_etl.engine.ports import Limit

CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "append"}),
    max_rows=100,
    max_bytes=256_000,
    limits=(Limit(10, seconds=1),),
    acknowledges="batch",
    idempotency="key",
)


class AccountOptions(Options):
    """What the receiver bears."""

    calls_per_second: int = Field(default=10, ge=1, le=1000)


class SyncOptions(Options):
    """`rows_per_call`: 1 sends an event per row."""

    rows_per_call: int = Field(default=CAPABILITIES.max_rows, ge=1, le=1000)
