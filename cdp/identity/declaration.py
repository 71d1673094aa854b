"""The declared identity rules (`identity` in `dbt_project.yml`): which identifiers there are, what links records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cdp.declarations.problems import together
from cdp.declarations.traits import nearest
from cdp.declarations.yaml_source import YamlDocument, parse, read_yaml
from cdp.errors import DeclarationError

PAGE = "docs/identity.md"
VARIABLE = ("vars", "identity")
LIMITS = ("max_records", "max_customers", "max_named_customers", "max_if_nameless")
# Rules that the graph knows without being told.
_RESERVED_RULES = ("record", "never_link")
# What stands beside the identifiers in `int_identity__observations`.
_RESERVED_IDENTIFIERS = (
    "source_name",
    "record_key",
    "name_key",
    "is_deleted",
    "is_transaction",
    "is_replacement",
    "observed_at",
)

RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$", max_length=60)]
IdentifierName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
RecordPattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:.%-]+$", max_length=200)]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
# A century; much more, and the day from which a limit counts is none that engines know.
Days = Annotated[int, Field(strict=True, ge=1, le=36_500)]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identifier(_Declared):
    """`max_per_customer`: how many values of it one customer may have; None for any number.

    With `within_days`, only those count that were seen in so many days before `as_of`.
    """

    max_per_customer: Count | None = None
    within_days: Days | None = None

    @model_validator(mode="after")
    def _has_something_to_count(self) -> Self:
        if self.within_days and self.max_per_customer is None:
            raise ValueError("`within_days` says in which days `max_per_customer` counts, but there is none")
        return self


class SharedRecords(_Declared):
    """Records, by a `like` pattern of their keys, that link nobody once they show more than one person would."""

    records: RecordPattern
    identifier: IdentifierName | None = None
    max_values: Count | None = None
    max_names: Literal[1] | None = None

    @model_validator(mode="after")
    def _counts_one_thing(self) -> Self:
        counts_values = self.identifier is not None and self.max_values is not None
        says_half = (self.identifier is None) != (self.max_values is None)
        if says_half or counts_values == (self.max_names is not None):
            raise ValueError("say either `identifier` with `max_values`, or `max_names: 1`")
        return self


class Rule(_Declared):
    """Records that share an identifier (`with_name`: and a name) belong together, or the pairs somebody else names.

    A limit that a shared value breaks keeps it from linking anybody; `within_days` counts what was seen lately.
    """

    name: RuleName
    identifier: IdentifierName | None = None
    pairs: Literal["steward", "matching"] | None = None
    with_name: bool = False
    max_records: Count | None = None
    max_customers: Count | None = None
    max_named_customers: Count | None = None
    max_if_nameless: Count | None = None
    within_days: Days | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None

    @property
    def limits(self) -> dict[str, int]:
        return {name: value for name in LIMITS if (value := getattr(self, name)) is not None}

    @model_validator(mode="after")
    def _links_by_one_thing(self) -> Self:
        if (self.identifier is None) == (self.pairs is None):
            raise ValueError("a rule has either `identifier` or `pairs`")
        if self.pairs and (superfluous := sorted(self.model_fields_set - {"name", "pairs"})):
            raise ValueError(f"pairs are linked as they are given, so `{superfluous[0]}` has no meaning here")
        if self.name in _RESERVED_RULES:
            raise ValueError(f"`{self.name}` is the name of a rule that is always there")
        return self

    @model_validator(mode="after")
    def _limits_can_bind(self) -> Self:
        if self.within_days and not self.limits:
            raise ValueError("`within_days` says in which days a limit counts, but there is no limit")
        for whole in ("max_records", "max_customers"):
            if self.limits.get(whole) == 1 and not self.within_days:
                raise ValueError(f"`{whole}: 1` lets no value link two, so the rule would link nobody")
        for narrower in ("max_named_customers", "max_if_nameless"):
            if self.max_customers is not None and self.limits.get(narrower, 0) > self.max_customers:
                raise ValueError(f"`{narrower}` is more than `max_customers`, which already holds")
        return self


class Tier(_Declared):
    """Rules that are solved together; the tiers above them are locked by then."""

    rules: Annotated[list[Rule], Field(min_length=1)]


class IdentityRules(_Declared):
    """How records become customers."""

    identifiers: Annotated[dict[IdentifierName, Identifier], Field(min_length=1)]
    shared_records: list[SharedRecords] = []
    tiers: Annotated[list[Tier], Field(min_length=1)]


def load_identity_rules(dbt_project: Path) -> IdentityRules:
    """Read `vars.identity` of the dbt project.

    Raises DeclarationError with file and line of everything that it does not say, or says twice in two ways.
    """
    document = read_yaml(dbt_project / "dbt_project.yml")
    variables = document.content.get("vars") if isinstance(document.content, dict) else None
    if not isinstance(variables, dict) or VARIABLE[1] not in variables:
        raise DeclarationError(
            "`vars` says nothing about `identity`.",
            where=document.at("vars"),
            remedy=f"{PAGE} says how records become customers.",
        )
    rules = parse(IdentityRules, document, *VARIABLE)
    if problems := list(_contradictions(rules, document)):
        raise together(problems)
    return rules


def _contradictions(rules: IdentityRules, document: YamlDocument) -> Iterator[DeclarationError]:
    yield from _reserved_identifiers(rules, document)
    yield from _undeclared_identifiers(rules, document)
    yield from _unused_identifiers(rules, document)
    yield from _repeated(rules, document, "name")
    yield from _repeated(rules, document, "pairs")
    yield from _idle_rules(rules, document)


def _reserved_identifiers(rules: IdentityRules, document: YamlDocument) -> Iterator[DeclarationError]:
    for name in rules.identifiers:
        if name in _RESERVED_IDENTIFIERS:
            yield DeclarationError(
                f"`{name}` is a column that every observation has, so no identifier can be called so.",
                where=document.at(*VARIABLE, "identifiers", name),
            )


def _undeclared_identifiers(rules: IdentityRules, document: YamlDocument) -> Iterator[DeclarationError]:
    named: list[tuple[tuple[str | int, ...], str | None]] = [
        (("tiers", tier, "rules", position), rule.identifier) for tier, position, rule in _numbered(rules)
    ]
    named += [(("shared_records", position), each.identifier) for position, each in enumerate(rules.shared_records)]
    for path, identifier in named:
        if identifier is not None and identifier not in rules.identifiers:
            yield DeclarationError(
                f"the identifier `{identifier}` is not declared under `identifiers`.",
                where=document.at(*VARIABLE, *path, "identifier"),
                remedy=nearest(identifier, rules.identifiers, PAGE),
            )


def _unused_identifiers(rules: IdentityRules, document: YamlDocument) -> Iterator[DeclarationError]:
    used = {rule.identifier for _, _, rule in _numbered(rules)}
    for name in rules.identifiers:
        if name not in used:
            yield DeclarationError(
                f"no rule uses the identifier `{name}`, so it would link nobody.",
                where=document.at(*VARIABLE, "identifiers", name),
                remedy="Give it a rule in one of the `tiers`, or delete it.",
            )


def _repeated(rules: IdentityRules, document: YamlDocument, key: str) -> Iterator[DeclarationError]:
    first: dict[str, int | None] = {}
    for tier, position, rule in _numbered(rules):
        value, where = getattr(rule, key), document.at(*VARIABLE, "tiers", tier, "rules", position, key)
        if value in first:
            yield DeclarationError(
                f"a second rule has `{key}: {value}`; the first is in line {first[value]}.", where=where
            )
        if value is not None:
            first.setdefault(value, where.line)


def _numbered(rules: IdentityRules) -> Iterator[tuple[int, int, Rule]]:
    """Every rule with the positions of its tier and of itself, both from 0."""
    for number, tier in enumerate(rules.tiers):
        for position, rule in enumerate(tier.rules):
            yield number, position, rule


def _idle_rules(rules: IdentityRules, document: YamlDocument) -> Iterator[DeclarationError]:
    """Rules on an identifier that an earlier rule already links without a limit."""
    unlimited: dict[str, int | None] = {}
    for tier, position, rule in _numbered(rules):
        where = document.at(*VARIABLE, "tiers", tier, "rules", position)
        if rule.identifier in unlimited:
            yield DeclarationError(
                f"the rule in line {unlimited[rule.identifier]} links all that share `{rule.identifier}`; "
                f"`{rule.name}` has nothing left to link.",
                where=where,
                remedy="Give the earlier one `with_name` or a limit, or delete this one.",
            )
        elif rule.identifier and not rule.with_name and not rule.limits:
            unlimited[rule.identifier] = where.line
