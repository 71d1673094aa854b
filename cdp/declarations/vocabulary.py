"""Everything a rule may ask about: the traits of the sheet, those declared in YAML, and the events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from cdp.declarations.computed import EventFact
from cdp.declarations.declared_traits import read_declared_traits
from cdp.declarations.events import EventSheet, load_events
from cdp.declarations.folder import declared_files
from cdp.declarations.traits import TraitSheet, load_traits
from cdp.errors import DeclarationError
from cdp.project import Project


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`traits` has the declared ones too; `declared` has only them, `written` what their files say."""

    traits: TraitSheet
    declared: dict[str, EventFact]
    events: EventSheet
    written: Mapping[str, Any] = field(default_factory=dict)


def read_vocabulary(
    project: Project, instead: Mapping[str, Any] = MappingProxyType({})
) -> tuple[Vocabulary, list[DeclarationError]]:
    """What can be asked, and what is wrong with the traits that are left out.

    `instead` has contents of traits, by name, to read in place of what a file says.
    Raises DeclarationError where the sheet or the list of events is malformed.
    """
    sheet, events = load_traits(project.dbt_project), load_events(project)
    found, problems = read_declared_traits(project, sheet, events, instead)
    declared = {name: each.fact for name, each in found.items()}
    broken = {file.stem for file in declared_files(project.activation / "traits")} - declared.keys()
    traits = TraitSheet([*sheet.traits.values(), *declared.values()], sheet.untestable, broken)
    return Vocabulary(traits, declared, events, {name: each.declared for name, each in found.items()}), problems
