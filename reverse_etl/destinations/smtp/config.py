"""What a mail server can do, what may be said of an account and of a sync, and its refusals in our words."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reverse_etl.destinations.connector import CapabilitySheet, Options
from reverse_etl.destinations.letters import Address, LetterOptions, OneLine

# The protocol knows no idempotency. A batch is what a killed run leaves unknown, so it is small.
CAPABILITIES = CapabilitySheet(
    modes=frozenset({"send"}),
    max_rows=50,
    max_bytes=1_000_000,
    limits=(),
    acknowledges="row",
    idempotency="none",
)


class AccountOptions(Options):
    """`tls: none` is for a relay on this machine. `timeout` is in seconds, for one answer of the server's."""

    username: OneLine = ""
    tls: Literal["required", "none"] = "required"
    ca_file: str = ""
    local_hostname: OneLine = ""
    timeout: float = Field(default=120, gt=0, le=600)
    messages_per_minute: int | None = Field(default=None, ge=1)


class SyncOptions(LetterOptions):
    """`return_path` is where the server reports what could not be delivered; else `from_email`."""

    return_path: Address | None = None


# What a refusal for good means to one letter.
REASONS = {
    501: "the server does not understand the address",
    550: "the mailbox does not exist, or refuses us",
    551: "the mailbox is elsewhere",
    552: "the mailbox is full, or the letter too large",
    553: "the server does not take this address",
    554: "the server refuses the letter",
}
POLICY = "smtp_policy"
