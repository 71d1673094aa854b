"""What a table of a PostgreSQL database can do, and what may be said of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from reverse_etl.destinations.connector import CapabilitySheet, Options

CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "update_only", "create_only", "append"}),
    max_rows=10_000,
    max_bytes=16_000_000,
    limits=(),
    acknowledges="row",
    idempotency="natural",
    reads_back=10_000,
)

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=63)]


class AccountOptions(Options):
    """How the connection is made. `verify-full` and `verify-ca` need the file of the certificate authority, or
    `system` for those that the machine trusts. Seconds.
    """

    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = "verify-full"
    sslrootcert: str = "system"
    statement_timeout: float = Field(default=30.0, gt=0, le=3600)


class SyncOptions(Options):
    """`key_column` is the table's column that tells its rows apart: it has a unique index."""

    key_column: Identifier = "key"
