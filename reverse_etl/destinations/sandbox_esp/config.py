"""What the sandbox's e-mail service can do."""

from reverse_etl.destinations.connector import CapabilitySheet
from reverse_etl.engine.ports import Limit

CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "add_only"}),
    max_rows=500,
    max_bytes=1_000_000,
    limits=(Limit(20, seconds=1),),
    acknowledges="row",
    idempotency="key",
    reads_back=1_000,
)

REASONS = {"invalid_email": "the e-mail address is not one"}
