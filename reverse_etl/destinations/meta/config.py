"""What Meta's custom audiences can do, and what an account says of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from reverse_etl.destinations.connector import CapabilitySheet, Options
from reverse_etl.engine.ports import Limit

BASE_URL = "https://graph.facebook.com"

# The hour's allowance of an app with limited access; each active audience adds 40, full access 185,000.
CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "add_only"}),
    max_rows=10_000,
    max_bytes=10_000_000,
    limits=(Limit(100, seconds=1), Limit(5_000, seconds=3_600)),
    acknowledges="batch",
    idempotency="natural",
)


class MetaAccount(Options):
    """`version` is that of the Graph API; Meta ends each about two years after it came."""

    version: Annotated[str, StringConstraints(pattern=r"^v[0-9]+\.[0-9]+$")] = "v25.0"
