"""What the sandbox's SMS gateway can do."""

from reverse_etl.destinations.connector import CapabilitySheet
from reverse_etl.engine.ports import Limit

CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "add_only"}),
    max_rows=200,
    max_bytes=256_000,
    limits=(Limit(20, seconds=1),),
    acknowledges="row",
    idempotency="key",
    reads_back=1_000,
)

REASONS = {
    "invalid_number": "the number is not an E.164 phone number",
    "blocked": "the gateway blocks this number",
    "busy": "the gateway has not come to this number yet",
}
