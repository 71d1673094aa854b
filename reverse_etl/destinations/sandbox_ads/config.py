"""What the sandbox's ad platform can do."""

from reverse_etl.destinations.connector import CapabilitySheet
from reverse_etl.engine.ports import Limit

CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "add_only"}),
    max_rows=1_000,
    max_bytes=2_000_000,
    limits=(Limit(10, seconds=1),),
    acknowledges="row",
    idempotency="natural",
    reads_back=1_000,
)

REASONS = {"invalid_entry": "neither hash is a SHA-256 in 64 hex digits"}
