"""The declared segments: `activation/segments/<name>.yml`."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from cdp.declarations.computed import is_local
from cdp.declarations.folder import Declaration, DeclaredName, declared_files, read_folder, read_header
from cdp.declarations.former_names import check_former_names
from cdp.declarations.hand_written import way_back_to_segments
from cdp.declarations.problems import together
from cdp.declarations.references import check_references
from cdp.declarations.rule import All, Condition, Membership, Not, Rule, leaves
from cdp.declarations.rule_reader import RuleReader
from cdp.declarations.traits import TIME_ZONE, TRAITS_MODEL
from cdp.declarations.vocabulary import Vocabulary, read_vocabulary
from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import DeclarationError
from cdp.project import Project


class SegmentHeader(Declaration):
    rule: Any = None
    without: list[DeclaredName] | None = Field(default=None, alias="except", min_length=1)
    model: DeclaredName | None = None
    formerly: tuple[DeclaredName, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """Who: customers that a rule selects, or that a hand-written dbt model lists; `declared` is what the file says."""

    name: str
    description: str
    owner: str
    file: Path
    definition: Rule | ModelReference
    formerly: tuple[str, ...] = ()
    declared: Any = field(default=None, compare=False, repr=False)

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


def read_segments(project: Project, *, draft: Path | None = None) -> tuple[Segments, list[DeclarationError]]:
    """The segments whose files are sound, and what is wrong with the others and with the traits.

    `draft` is a file from anywhere, read as if it lay among the others.
    """
    vocabulary, problems = read_vocabulary(project)
    segments, others = segments_of(project, vocabulary, draft=draft)
    return segments, problems + others


def segments_of(
    project: Project,
    vocabulary: Vocabulary,
    instead: Mapping[str, Any] = MappingProxyType({}),
    left_out: Set[str] = frozenset(),
    draft: Path | None = None,
) -> tuple[Segments, list[DeclarationError]]:
    """The segments that are sound in the words of `vocabulary`, and what is wrong with the others.

    `instead` has contents, by name, to read in place of what a file says; files of `left_out` are not read.
    """
    folder = project.activation / "segments"
    models = {file.stem: file for file in (project.dbt_project / "models").rglob("*.sql")}
    segments, broken = read_folder(
        folder,
        lambda file: _segment(*read_header(SegmentHeader, file, instead), vocabulary, models),
        draft,
        left_out,
    )
    rules = {name: segment.definition for name, segment in segments.items()}
    files = {file.stem: file for file in declared_files(folder, draft)}
    between = check_references(
        {name: rule for name, rule in rules.items() if not isinstance(rule, ModelReference)}, files, left_out
    )
    between += check_former_names({name: segment.formerly for name, segment in segments.items()}, files)
    return segments, broken + between


def _segment(
    header: SegmentHeader, document: YamlDocument, vocabulary: Vocabulary, models: Mapping[str, Path]
) -> Segment:
    definition = _definition(header, document, vocabulary, models)
    return Segment(
        header.name,
        header.description,
        header.owner,
        document.file,
        definition,
        header.formerly,
        document.content,
    )


def _definition(
    header: SegmentHeader, document: YamlDocument, vocabulary: Vocabulary, models: Mapping[str, Path]
) -> Rule | ModelReference:
    if ("rule" in document.content) == (header.model is not None):
        raise DeclarationError(
            "a segment has either a `rule` or a `model`.",
            where=document.at("model"),
            remedy="Write the one that says who is in it, and leave the other out.",
        )
    if header.model is None:
        return _rule(header, document, vocabulary)
    if header.without:
        raise DeclarationError("`except` goes with a `rule`.", where=document.at("except"))
    if header.model not in models:
        raise DeclarationError(
            f"the dbt project has no model `{header.model}`.",
            where=document.at("model"),
            remedy=f"Write `models/marts/segments/hand_written/{header.model}.sql`, with a `customer_id`.",
        )
    if way := way_back_to_segments(header.model, models):
        raise DeclarationError(
            f"the model is made of the segments that it is one of: {' → '.join(way)}.",
            where=document.at("model"),
            remedy="Let it read customers, orders or events, and name other segments in a rule.",
        )
    return ModelReference(header.model)


def _rule(header: SegmentHeader, document: YamlDocument, vocabulary: Vocabulary) -> Rule:
    rule = RuleReader(document, vocabulary.traits, vocabulary.events).read("rule")
    asked = [leaf.trait for leaf in leaves(rule) if isinstance(leaf, Condition)]
    if any(map(is_local, asked)) and TIME_ZONE not in vocabulary.traits.traits:
        raise DeclarationError(
            f"calendar days need the column `{TIME_ZONE}` in `{TRAITS_MODEL}`.",
            where=document.at("rule"),
            remedy="Add it, or write `days`, which are counted back from `as_of`.",
        )
    if not header.without:
        return rule
    others = [Membership(name, document.at("except", index)) for index, name in enumerate(header.without)]
    parts = rule.rules if isinstance(rule, All) else (rule,)
    return All((*parts, *map(Not, others)))
