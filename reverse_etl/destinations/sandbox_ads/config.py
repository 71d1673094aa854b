"""What the sandbox's ad platform can do."""

from reverse_etl.destinations.connector import CapabilitySheet

CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "add_only"}),
    max_rows=1_000,
    max_bytes=2_000_000,
    requests_per_second=10,
    acknowledges="row",
    idempotency="natural",
)

REASONS = {"invalid_entry": "neither hash is a SHA-256 in 64 hex digits"}
