"""What a file can do, and what may be said of it and of its place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from reverse_etl.destinations.connector import CapabilitySheet, Options

CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "append"}),
    max_rows=50_000,
    max_bytes=32_000_000,
    limits=(),
    acknowledges="batch",
    idempotency="natural",
    reads_back=100_000,
)

AWS = "https://s3.amazonaws.com"

ColumnName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=60)]


class SyncOptions(Options):
    """`key_column` is what the key's column is called. `formulas`: a text that a spreadsheet would run gets an
    apostrophe before it, or stays `as_is`.
    """

    key_column: ColumnName = "key"
    formulas: Literal["neutralise", "as_is"] = "neutralise"


class SftpOptions(Options):
    """`host_key` is the server's public key, as in a `known_hosts` file: `ssh-ed25519 AAAA…`."""

    host_key: str


class S3Options(Options):
    """`prefix` goes before the names of the files: `exports/`."""

    bucket: str
    access_key_id: str
    region: str = "us-east-1"
    prefix: str = ""
