"""What Twilio can do, what may be said of an account and of a sync, and its refusals in our words."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from reverse_etl.destinations.connector import CapabilitySheet, Options
from reverse_etl.engine.ports import Limit

BASE_URL = "https://api.twilio.com"

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s#?]+$", max_length=1_000)]

# A number of a US long code. Twilio queues what its senders cannot send at once, and fails what waits for ten hours.
CAPABILITIES = CapabilitySheet(
    modes=frozenset({"send"}),
    max_rows=1,
    max_bytes=100_000,
    limits=(Limit(60, seconds=60),),
    acknowledges="row",
    idempotency="none",
)


class AccountOptions(Options):
    """`messages_per_second` is what the account's senders can send together."""

    account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
    api_key_sid: Annotated[str, StringConstraints(pattern=r"^(SK[0-9a-fA-F]{32})?$")] = ""
    api_version: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")] = "2010-04-01"
    messages_per_second: int = Field(default=1, ge=1, le=1_000)


class SyncOptions(Options):
    """Who sends (`from` or `messaging_service_sid`), and what."""

    template: str
    sender: Annotated[str, StringConstraints(pattern=r"^(\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11})?$")] = Field(
        "", alias="from"
    )
    messaging_service_sid: Annotated[str, StringConstraints(pattern=r"^(MG[0-9a-fA-F]{32})?$")] = ""
    status_callback: Url | None = None
    validity_period: int | None = Field(default=None, ge=1, le=36_000)
    max_segments: int = Field(default=10, ge=1, le=10)

    @model_validator(mode="after")
    def _one_sender(self) -> SyncOptions:
        if bool(self.sender) == bool(self.messaging_service_sid):
            raise ValueError("say either `from` or `messaging_service_sid`")
        return self


# Refusals that are about this one message.
REASONS = {
    21211: "the number is not a phone number",
    21265: "the number is a short code",
    21266: "the number is the sender's own",
    21408: "the account may not send to this country",
    21602: "the message is empty",
    21604: "there is no number to send to",
    21608: "a trial account sends to verified numbers only",
    21610: "the person has told this sender to stop",
    21612: "this sender cannot reach the number",
    21614: "the number is not a mobile one",
    21617: "the message has more than 1,600 characters",
    21619: "the message is empty",
    21635: "the number is a landline",
}

# Refusals that every message would get.
OURS = {
    20003: "Twilio does not accept our credential",
    20404: "Twilio does not know this account",
    21212: "the sender is not a number or a name",
    21603: "there is no sender",
    21606: "the sender cannot send SMS",
    21609: "the address for status callbacks is not a URL",
    21659: "the sender is not a number of Twilio's",
    21660: "the sender belongs to another account",
    21661: "the sender cannot send SMS",
    21703: "the messaging service has no sender that could send",
    21704: "the messaging service has no sender",
    21705: "the messaging service does not exist",
}
# Of a short code they say that it is of another country than the number.
OF_SHORT_CODES = {21606, 21659}

QUEUE_IS_FULL = 21611
QUEUE_PAUSE = 600.0
