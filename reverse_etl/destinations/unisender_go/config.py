"""What Unisender Go can do, what may be said of a sync, and its refusals in our words."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints, model_validator

from reverse_etl.destinations.connector import CapabilitySheet, Options
from reverse_etl.destinations.letters import Address, OneLine
from reverse_etl.engine.ports import Limit

# Of calls it names no number, only that too many are answered 429; these stay well below the rates that it advertises.
CAPABILITIES = CapabilitySheet(
    modes=frozenset({"send"}),
    max_rows=500,
    max_bytes=5_000_000,
    limits=(Limit(10, seconds=1),),
    acknowledges="row",
    idempotency="key",
)

Flag = Literal["true", "false"]


class AccountOptions(Options):
    """`api_version` is a part of the path."""

    api_version: Annotated[str, StringConstraints(pattern=r"^v\d+$")] = "v1"


class SyncOptions(Options):
    """Either `template`, a file of ours, with `subject` and `from_email`; or `template_id`, one that is kept there."""

    template: str = ""
    plain_template: str = ""
    template_id: str = ""
    subject: OneLine = ""
    from_email: Address | None = None
    from_name: OneLine = ""
    reply_to: Address | None = None
    unsubscribe_url: OneLine = ""
    skip_unsubscribe: Flag = "false"
    track_links: Flag = "true"
    track_read: Flag = "true"
    language: Annotated[str, StringConstraints(pattern=r"^([a-z]{2})?$")] = ""

    @model_validator(mode="after")
    def _one_template(self) -> SyncOptions:
        if bool(self.template) == bool(self.template_id):
            raise ValueError("say either `template` or `template_id`")
        if self.template and not (self.subject and self.from_email):
            raise ValueError("a `template` of yours needs `subject` and `from_email`")
        if self.template_id and (self.plain_template or self.unsubscribe_url):
            raise ValueError("`plain_template` and `unsubscribe_url` go with a `template` of yours")
        return self


REASONS = {
    "invalid": "the e-mail address is not one, or its domain takes no mail",
    "unsubscribed": "the person has unsubscribed there",
    "permanent_unavailable": "the mailbox refuses mail for good",
    "temporary_unavailable": "the mailbox refused mail lately, and is left alone for some days",
}
