"""The declared audiences, `activation/audiences/<name>.yml`: whom to reach, where, how often, and whom not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cdp.declarations.consent_terms import (
    UNSAID,
    ConsentTerms,
    channels_with_messages,
    load_consent_terms,
    refuse_unknown,
)
from cdp.declarations.experiments import Share, Variants, buckets_of
from cdp.declarations.folder import Declaration, DeclaredName, declared_files, read_folder, read_header
from cdp.declarations.operands import DURATION, LONGEST_DAYS, hours
from cdp.declarations.problems import together
from cdp.declarations.rule import Duration
from cdp.declarations.traits import nearest
from cdp.declarations.variables import PROJECT_FILE
from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import DeclarationError
from cdp.project import Project


def _duration(written: Any) -> Duration:
    match = DURATION.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError("write a length of time such as `7 days` or `48 hours`")
    duration = Duration(int(match[1]), "day" if match[2] == "day" else "hour")
    if hours(duration) > LONGEST_DAYS * 24:
        raise ValueError(f"at most {LONGEST_DAYS} days")
    return duration


class FrequencyCap(BaseModel):
    """Nobody stays in the audience who got `at_most` messages of its channel `within_last` before `as_of`."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    at_most: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    within_last: Annotated[Duration, BeforeValidator(_duration)]


class Audience(Declaration):
    """Who of a segment may be reached through `channel` for `purpose`, with messages of `message_class`.

    Of a `priority_group`, a customer is in the audience with the lowest `priority` only. Audiences of one `experiment`
    treat a customer alike; without one, an audience is an experiment of its own.
    """

    segment: str
    channel: DeclaredName
    purpose: DeclaredName
    message_class: DeclaredName = UNSAID
    frequency_cap: FrequencyCap | None = None
    priority_group: DeclaredName | None = None
    priority: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None
    experiment: DeclaredName | None = None
    holdout: Share | None = None
    variants: Variants | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> Audience:
        if (self.priority_group is None) is not (self.priority is None):
            raise ValueError("`priority_group` and `priority` stand together: write both, or neither")
        if self.experiment and not self.is_experiment:
            raise ValueError("an `experiment` needs a `holdout` or `variants`")
        return self

    @property
    def is_experiment(self) -> bool:
        return bool(self.holdout or self.variants)

    @property
    def experiment_name(self) -> str:
        """What salts the assignment of customers to variants."""
        return self.experiment or self.name

    @property
    def buckets(self) -> dict[str, int]:
        """How many of an experiment's buckets each variant gets, the holdout first."""
        return buckets_of(self.holdout, self.variants)


Audiences = dict[str, Audience]
Documents = dict[str, YamlDocument]


def load_audiences(project: Project) -> Audiences:
    """Every audience by name, in the order of names.

    Raises DeclarationError with every complaint about every file.
    """
    read = read_audiences(project)
    if read.problems:
        raise together(read.problems)
    return read.audiences


@dataclass(frozen=True, slots=True)
class ReadAudiences:
    """The audiences whose files are sound, what is written in those, and what is wrong with the others."""

    audiences: Audiences
    written: dict[str, Any]
    problems: list[DeclarationError]


def read_audiences(
    project: Project, left_out: Set[str] = frozenset(), instead: Mapping[str, Any] = MappingProxyType({})
) -> ReadAudiences:
    """Every file of an audience; `instead` has what to read for those of these names.

    `left_out` are declared segments that nobody can be in, for their files are broken.
    Raises DeclarationError where it is not declared what can be consented to.
    """
    segments = {file.stem for file in declared_files(project.activation / "segments")}
    terms, with_messages = load_consent_terms(project.dbt_project), channels_with_messages(project.dbt_project)
    documents: Documents = {}

    def read_one(file: Path) -> Audience:
        audience, document = read_header(Audience, file, instead)
        _check_segment(audience, document, segments, left_out)
        _check_words(audience, document, terms, with_messages)
        documents[file.stem] = document
        return audience

    audiences, problems = read_folder(project.activation / "audiences", read_one)
    disputes = dict([*_same_priority(audiences.values(), documents), *_other_division(audiences.values(), documents)])
    sound = {name: audience for name, audience in audiences.items() if name not in disputes}
    written = {name: documents[name].content for name in sound}
    return ReadAudiences(sound, written, problems + list(disputes.values()))


def _check_segment(audience: Audience, document: YamlDocument, segments: Set[str], left_out: Set[str]) -> None:
    where = document.at("segment")
    if audience.segment in left_out:
        raise DeclarationError(f"the segment `{audience.segment}` is left out: its own file is broken.", where=where)
    if audience.segment not in segments:
        remedy = nearest(audience.segment, segments, "activation/segments")
        raise DeclarationError(f"there is no segment `{audience.segment}`.", where=where, remedy=remedy)


def _check_words(audience: Audience, document: YamlDocument, terms: ConsentTerms, with_messages: Set[str]) -> None:
    refuse_unknown("channel", audience.channel, terms.channels, document.at("channel"))
    refuse_unknown("purpose", audience.purpose, terms.purposes, document.at("purpose"))
    refuse_unknown("message class", audience.message_class, terms.message_classes, document.at("message_class"))
    if audience.frequency_cap and audience.channel not in with_messages:
        raise DeclarationError(
            f"a `frequency_cap` counts messages, and `{audience.channel}` has none.",
            where=document.at("frequency_cap"),
            remedy=f"Leave it out, or list the channel's events in `vars.message_events` of `{PROJECT_FILE}`.",
        )


def _same_priority(audiences: Iterable[Audience], documents: Documents) -> Iterator[tuple[str, DeclarationError]]:
    """Audiences that have the priority of one before them in the same group."""
    taken: dict[tuple[str | None, int], str] = {}
    for audience in audiences:
        if audience.priority is None:
            continue
        first = taken.setdefault((audience.priority_group, audience.priority), audience.name)
        if first != audience.name:
            yield (
                audience.name,
                DeclarationError(
                    f"`{first}` has priority {audience.priority} in `{audience.priority_group}`, too.",
                    where=documents[audience.name].at("priority"),
                    remedy="Give each audience of a group a priority of its own; 1 goes first.",
                ),
            )


def _other_division(audiences: Iterable[Audience], documents: Documents) -> Iterator[tuple[str, DeclarationError]]:
    """Audiences that divide an experiment otherwise than one before them."""
    declared: dict[str, Audience] = {}
    for audience in audiences:
        if not audience.is_experiment:
            continue
        first = declared.setdefault(audience.experiment_name, audience)
        if first.buckets != audience.buckets:
            yield (
                audience.name,
                DeclarationError(
                    f"`{first.name}` divides the experiment `{audience.experiment_name}` otherwise.",
                    where=documents[audience.name].at("experiment" if audience.experiment else "name"),
                    remedy="Audiences of one experiment have the same holdout and the same variants.",
                ),
            )
