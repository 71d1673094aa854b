"""What can be consented to, `vars.consent` of the dbt project: purposes, classes of messages, and channels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cdp.declarations.addresses import AddressKind
from cdp.declarations.folder import DeclaredName
from cdp.declarations.traits import nearest
from cdp.declarations.variables import PROJECT_FILE, required_variable, variables_of
from cdp.declarations.yaml_source import parse
from cdp.errors import DeclarationError, Location

# Who agrees without saying to what agrees to this class.
UNSAID = "marketing"
_VARIABLE = "consent"
Names = Annotated[list[DeclaredName], Field(min_length=1)]


class ConsentTerms(BaseModel):
    """The words that audiences and consents may use; a channel has the kinds of addresses that it takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purposes: Names
    message_classes: Names
    channels: Annotated[dict[DeclaredName, Annotated[list[AddressKind], Field(min_length=1)]], Field(min_length=1)]

    @field_validator("message_classes")
    @classmethod
    def _has_the_unsaid(cls, classes: list[str]) -> list[str]:
        if UNSAID not in classes:
            raise ValueError(f"`{UNSAID}` is missing: it is what a yes without a class agrees to")
        return classes


def load_consent_terms(dbt_project: Path) -> ConsentTerms:
    """Read `vars.consent`.

    Raises DeclarationError with file and line where it is missing or malformed.
    """
    remedy = "Declare its purposes, message_classes and channels: docs/consent.md says how."
    _, document = required_variable(dbt_project, _VARIABLE, remedy)
    return parse(ConsentTerms, document, "vars", _VARIABLE)


def channels_with_messages(dbt_project: Path) -> frozenset[str]:
    """The channels whose messages the timeline has (`vars.message_events`)."""
    listed = variables_of(dbt_project)[0].get("message_events") or {}
    return frozenset(channel for channel, events in listed.items() if events)


def refuse_unknown(kind: str, name: str, known: Iterable[str], where: Location) -> None:
    """Raises DeclarationError with the nearest of the `known` names where `name` is none of them."""
    names = list(known)
    if name not in names:
        listed = f"vars.{_VARIABLE}` of `{PROJECT_FILE}"
        raise DeclarationError(f"there is no {kind} `{name}`.", where=where, remedy=nearest(name, names, listed))
