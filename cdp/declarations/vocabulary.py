"""Everything a rule may ask about: the traits of the sheet, those declared in YAML, and the events."""

from __future__ import annotations

from dataclasses import dataclass

from cdp.declarations.computed import EventFact
from cdp.declarations.declared_traits import read_declared_traits
from cdp.declarations.events import EventSheet, load_events
from cdp.declarations.traits import TraitSheet, load_traits
from cdp.errors import DeclarationError
from cdp.project import Project


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`traits` has the declared ones too; `declared` has only them."""

    traits: TraitSheet
    declared: dict[str, EventFact]
    events: EventSheet


def read_vocabulary(project: Project) -> tuple[Vocabulary, list[DeclarationError]]:
    """What can be asked, and what is wrong with the traits that are left out.

    Raises DeclarationError where the sheet or the list of events is malformed.
    """
    sheet, events = load_traits(project.dbt_project), load_events(project)
    declared, problems = read_declared_traits(project, sheet, events)
    traits = TraitSheet([*sheet.traits.values(), *declared.values()], sheet.untestable)
    return Vocabulary(traits, declared, events), problems
