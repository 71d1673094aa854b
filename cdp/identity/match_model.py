"""The declared match model: how records without a shared identifier are compared (`vars.match_model`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cdp.declarations.traits import nearest
from cdp.declarations.yaml_source import YamlDocument, parse, read_yaml
from cdp.errors import DeclarationError

PROJECT_FILE = "dbt_project.yml"
VARIABLE = ("vars", "match_model")

# What a source may say about a person (macro `match_attributes`).
KNOWN_ATTRIBUTES = (
    "full_name",
    "given_name",
    "middle_name",
    "family_name",
    "birth_date",
    "sex",
    "email",
    "phone",
    "street",
    "street_extra",
    "city",
    "postcode",
    "state",
    "country",
)
# What is made of it to compare (macro `match_columns`).
KNOWN_COLUMNS = (
    *("given_name", "given_root", "given_sound", "given_initial", "middle_name", "family_name", "family_sound"),
    *("name_suffix", "name_pair", "birth_date", "birth_year", "birth_day", "sex", "email", "email_name", "phone"),
    *("street", "house_number", "street_name", "street_extra", "city", "postcode", "state", "country"),
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Words = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ,()_-]{1,80}$")]
Column = Name


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Conditions(_Declared):
    """Conditions over two records, all of which hold.

    `crossed` pairs of columns are equal crosswise; `edits` is the most edits per column; `similar` the least
    similarity, from 0 to 1, edits beside the longer text; `begins`: one is the beginning of the other.
    """

    same: list[Column] = []
    crossed: list[tuple[Column, Column]] = []
    edits: dict[Column, Annotated[int, Field(ge=1, le=20)]] = {}
    similar: dict[Column, Annotated[float, Field(gt=0, lt=1)]] = {}
    begins: list[Column] = []

    def columns(self) -> Iterator[str]:
        yield from self.same
        yield from (column for pair in self.crossed for column in pair)
        yield from self.edits
        yield from self.similar
        yield from self.begins


class MatchLevel(Conditions):
    """One level of agreement: its conditions, or a list of which `any` suffices."""

    name: Words
    any: list[Conditions] = []
    term_frequency: Column | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if bool(self.any) == any(True for _ in self.columns()):
            raise ValueError("a level has either conditions or `any`")
        if any(not list(conditions.columns()) for conditions in self.any):
            raise ValueError("a list under `any` is empty")
        if self.term_frequency and any(self.term_frequency not in each.same for each in self.alternatives()):
            raise ValueError(f"`term_frequency` weighs `{self.term_frequency}`, so the level must ask for the same one")
        return self

    def alternatives(self) -> list[Conditions]:
        return self.any or [self]


class Comparison(_Declared):
    """Levels of agreement, the highest first. It says nothing where one of two records has none of what it `needs`.

    A personal comparison tells the people of one household apart. One that follows the name agrees where names do, so
    that of namesakes it says nothing more.
    """

    is_personal: bool = False
    follows_name: bool = False
    needs: Annotated[list[Column], Field(min_length=1)]
    levels: Annotated[list[MatchLevel], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _has_distinct_levels(self) -> Self:
        names = [level.name for level in self.levels]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"the level `{repeated}` is written twice")
        return self


class MatchModel(_Declared):
    """`attributes` are the company's own, compared as standard text beside the known ones."""

    largest_block: Annotated[int, Field(ge=2, le=1000)] = 60
    link_above: Annotated[float, Field(gt=0, lt=1)] = 0.5
    attributes: list[Name] = []
    blocking: Annotated[list[Annotated[list[Column], Field(min_length=1)]], Field(min_length=1)]
    comparisons: Annotated[dict[Name, Comparison], Field(min_length=1)]

    def as_variable(self) -> dict[str, Any]:
        """The model as dbt's variable."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude_none=True) | {
            "largest_block": self.largest_block,
            "link_above": self.link_above,
        }


def load_match_model(file: Path) -> MatchModel:
    """Read the model from `vars.match_model` of a `dbt_project.yml`, or from a file that is the model itself.

    Raises DeclarationError with the file, the line and the remedy where it does not say what it must.
    """
    document = read_yaml(file)
    path = VARIABLE if file.name == PROJECT_FILE else ()
    variables = document.content.get("vars") if isinstance(document.content, dict) else None
    if path and (not isinstance(variables, dict) or VARIABLE[1] not in variables):
        raise DeclarationError(
            "`vars` says nothing about `match_model`.",
            where=document.at("vars"),
            remedy="docs/identity-matching.md says how people are compared.",
        )
    model = parse(MatchModel, document, *path)
    _check_columns(model, document, path)
    return model


def _check_columns(model: MatchModel, document: YamlDocument, path: tuple[str, ...]) -> None:
    known = {*KNOWN_COLUMNS, *model.attributes}
    for columns, where in _used(model):
        for column in columns:
            if column not in known:
                raise DeclarationError(
                    f"there is no column `{column}` to compare.",
                    where=document.at(*path, *where),
                    remedy=nearest(column, known, "docs/identity-matching.md"),
                )


def _used(model: MatchModel) -> Iterator[tuple[list[str], tuple[str | int, ...]]]:
    """Columns with the place that names them."""
    for number, rule in enumerate(model.blocking):
        yield rule, ("blocking", number)
    for name, comparison in model.comparisons.items():
        yield comparison.needs, ("comparisons", name, "needs")
        for number, level in enumerate(comparison.levels):
            columns = [column for conditions in level.alternatives() for column in conditions.columns()]
            yield columns, ("comparisons", name, "levels", number)


def match_model_file(dbt_project: Path) -> Path:
    """Where the product declares its match model."""
    return dbt_project / "dbt_project.yml"
