"""What a rule may say about events: their names, `activation/events.yml`, and the columns of the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from cdp.declarations.folder import Sentence
from cdp.declarations.traits import CUSTOMER_KEY, Kind, Trait, TraitSheet, nearest, sheet_of
from cdp.declarations.yaml_source import parse, read_yaml
from cdp.errors import DeclarationError, Location
from cdp.project import Project

EVENTS_MODEL = "fct_customer_events"
OCCURRED_AT, EVENT_TYPE = "occurred_at", "event_type"
EVENTS_FILE = "events.yml"
_KEYS = frozenset({"event_id", EVENT_TYPE, CUSTOMER_KEY, "_arrival"})

EventName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=200)]


class _EventsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    events: dict[EventName, Sentence]


@dataclass(frozen=True, slots=True)
class EventSheet:
    """The events by name, each with what it means, and the columns of the timeline that a rule may test."""

    names: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Trait] = field(default_factory=dict)

    def event(self, name: object, where: Location) -> str:
        """`name`, if it is an event.

        Raises DeclarationError with the nearest known name where it is not.
        """
        if not isinstance(name, str):
            raise DeclarationError(
                "expected the name of an event.", where=where, remedy=f"They are in `{EVENTS_FILE}`."
            )
        if name not in self.names:
            remedy = nearest(name, self.names, f"activation/{EVENTS_FILE}")
            raise DeclarationError(f"there is no event `{name}`.", where=where, remedy=remedy)
        return name

    def column(self, name: str, where: Location) -> Trait:
        """The column `name` of the timeline.

        Raises DeclarationError with the nearest known name where there is none.
        """
        if name not in self.columns:
            remedy = nearest(name, self.columns, EVENTS_MODEL)
            raise DeclarationError(f"events have no column `{name}`.", where=where, remedy=remedy)
        return self.columns[name]

    def numbers(self) -> list[str]:
        """The columns that can be added up."""
        return [name for name, column in self.columns.items() if column.kind in (Kind.WHOLE, Kind.NUMBER)]


def load_events(project: Project) -> EventSheet:
    """Read the names, and the columns that the timeline's contract in the dbt project's YAML has.

    Without an `activation/events.yml` there are no events.
    Raises DeclarationError where one of the files is malformed.
    """
    file = project.activation / EVENTS_FILE
    names = parse(_EventsFile, read_yaml(file)).events if file.is_file() else {}
    return EventSheet(names, _columns(sheet_of(project.dbt_project, EVENTS_MODEL)) if names else {})


def _columns(sheet: TraitSheet) -> dict[str, Trait]:
    return {name: column for name, column in sheet.traits.items() if name not in _KEYS}
