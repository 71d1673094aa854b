"""What Klaviyo can do, and what an account may say of it."""

import httpx
from pydantic import Field

from reverse_etl.destinations.connector import CapabilitySheet, Options
from reverse_etl.engine.ports import Limit, Purpose

BASE_URL = "https://a.klaviyo.com"
MEDIA_TYPE = "application/vnd.api+json"
TIMEOUT = httpx.Timeout(60.0, connect=3.0)  # 10,000 profiles are read before the answer

# Every endpoint has windows of its own. Looking people up is part of taking them off, and shares a window with it.
_SCOPES: list[frozenset[Purpose]] = [frozenset({"send"}), frozenset({"poll"}), frozenset({"remove", "read"})]
CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "add_only"}),
    max_rows=10_000,
    max_bytes=4_500_000,  # 5 MB, and room for the envelope of each profile
    limits=tuple(
        limit for scope in _SCOPES for limit in (Limit(10, seconds=1, scope=scope), Limit(150, seconds=60, scope=scope))
    ),
    acknowledges="row",
    idempotency="natural",
    reads_back=500,  # five look-ups
)


class KlaviyoAccount(Options):
    """`revision` of the API, by its date."""

    revision: str = Field(default="2026-07-15", pattern=r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")
