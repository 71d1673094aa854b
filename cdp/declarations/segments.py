"""The declared segments: `activation/segments/<name>.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cdp.declarations.folder import Declaration, DeclaredName, declared_files, read_folder, read_header
from cdp.declarations.problems import together
from cdp.declarations.references import check_references
from cdp.declarations.rule import Rule
from cdp.declarations.rule_reader import RuleReader
from cdp.declarations.traits import TraitSheet, load_traits
from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import DeclarationError
from cdp.project import Project


class SegmentHeader(Declaration):
    rule: Any = None
    model: DeclaredName | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Who: customers that a rule selects, or that a hand-written dbt model lists."""

    name: str
    description: str
    owner: str
    file: Path
    definition: Rule | ModelReference

    @property
    def kind(self) -> Literal["rule", "model"]:
        return "model" if isinstance(self.definition, ModelReference) else "rule"


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A hand-written dbt model with a `customer_id`."""

    model: str


Segments = dict[str, Segment]


def load_segments(project: Project) -> Segments:
    """Every segment by name, in the order of names.

    Raises DeclarationError with every complaint about every file.
    """
    segments, problems = read_segments(project)
    if problems:
        raise together(problems)
    return segments


def read_segments(project: Project) -> tuple[Segments, list[DeclarationError]]:
    """The segments whose files are sound, and what is wrong with the others."""
    folder = project.activation / "segments"
    traits = load_traits(project.dbt_project)
    models = {file.stem for file in (project.dbt_project / "models").rglob("*.sql")}
    segments, problems = read_folder(folder, lambda file: _read_segment(file, traits, models))
    rules = {name: segment.definition for name, segment in segments.items()}
    files = {file.stem: file for file in declared_files(folder)}
    problems += check_references(
        {name: rule for name, rule in rules.items() if not isinstance(rule, ModelReference)}, files
    )
    return segments, problems


def _read_segment(file: Path, traits: TraitSheet, models: set[str]) -> Segment:
    header, document = read_header(SegmentHeader, file)
    definition = _definition(header, document, traits, models)
    return Segment(header.name, header.description, header.owner, file, definition)


def _definition(
    header: SegmentHeader, document: YamlDocument, traits: TraitSheet, models: set[str]
) -> Rule | ModelReference:
    if ("rule" in document.content) == ("model" in document.content):
        raise DeclarationError(
            "a segment has either a `rule` or a `model`.",
            where=document.at("model"),
            remedy="Write the one that says who is in it, and leave the other out.",
        )
    if header.model is None:
        return RuleReader(document, traits).read("rule")
    if header.model not in models:
        raise DeclarationError(
            f"the dbt project has no model `{header.model}`.",
            where=document.at("model"),
            remedy=f"Write `models/marts/segments/hand_written/{header.model}.sql`, with a `customer_id`.",
        )
    return ModelReference(header.model)
