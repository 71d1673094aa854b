"""The traits a rule may test: the contracted columns of `dim_customer_traits`, with their types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from cdp.declarations.yaml_source import YamlDocument, parse, read_yaml
from cdp.errors import DeclarationError, Location

TRAITS_MODEL = "dim_customer_traits"
TRAITS_FILE = Path("models/marts/customers/_customers__models.yml")
CUSTOMER_KEY = "customer_id"
TIME_ZONE = "time_zone"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PRECISION = re.compile(r"\(.*\)$")


class Kind(StrEnum):
    """What a trait holds, in the words of the person who writes a rule."""

    WHOLE = "a whole number"
    NUMBER = "a number"
    TEXT = "text"
    YES_NO = "true or false"
    TIMESTAMP = "a timestamp"
    DATE = "a date"


_KINDS = {
    **dict.fromkeys(("bigint", "int8", "integer", "int4", "int", "smallint", "int2"), Kind.WHOLE),
    **dict.fromkeys(
        ("double", "double precision", "float8", "float", "float4", "real", "numeric", "decimal"), Kind.NUMBER
    ),
    **dict.fromkeys(("varchar", "text", "string"), Kind.TEXT),
    **dict.fromkeys(("boolean", "bool"), Kind.YES_NO),
    **dict.fromkeys(("timestamp", "timestamp without time zone"), Kind.TIMESTAMP),
    "date": Kind.DATE,
}


@dataclass(frozen=True, slots=True)
class Trait:
    """A column that a rule may test; `model` is the relation it stands in, one row per customer or none."""

    name: str
    kind: Kind
    model: str = TRAITS_MODEL


class _Column(BaseModel):
    name: str
    data_type: str | None = None


class _Model(BaseModel):
    name: str
    columns: list[_Column] = []


class _ModelsFile(BaseModel):
    """As much of a dbt properties file as matters here."""

    models: list[_Model] = []


class TraitSheet:
    """The traits by name; `untestable` columns have a type that no rule operator understands, `broken` ones a file."""

    def __init__(
        self, traits: Iterable[Trait], untestable: Mapping[str, str] | None = None, broken: Iterable[str] = ()
    ) -> None:
        self.traits = {trait.name: trait for trait in traits}
        self.untestable = dict(untestable or {})
        self.broken = frozenset(broken)

    def find(self, name: str, where: Location) -> Trait:
        """The trait called `name`.

        Raises DeclarationError with the nearest known name where there is none.
        """
        if name in self.traits:
            return self.traits[name]
        if name in self.untestable:
            raise DeclarationError(
                f"the trait `{name}` is of type {self.untestable[name]}, which a rule cannot test.",
                where=where,
                remedy=f"Add a column of a plain type to `{TRAITS_MODEL}`.",
            )
        if name in self.broken:
            raise DeclarationError(f"the trait `{name}` cannot be asked: its own file is broken.", where=where)
        raise DeclarationError(
            f"there is no trait `{name}`.", where=where, remedy=nearest(name, self.traits, TRAITS_MODEL)
        )


def nearest(name: str, known: Iterable[str], listed_in: str) -> str:
    """The remedy for a name nobody knows: the one most like it, or where to look."""
    matches = get_close_matches(name, list(known), n=1)
    return f"Did you mean `{matches[0]}`?" if matches else f"The known names are in `{listed_in}`."


def load_traits(dbt_project: Path) -> TraitSheet:
    """The trait sheet, from the dbt project's YAML.

    Raises DeclarationError where the model or its typed columns are missing.
    """
    return sheet_of(dbt_project, TRAITS_MODEL)


def sheet_of(dbt_project: Path, model: str) -> TraitSheet:
    """The contracted columns of `model`, one of the customers' marts."""
    document = read_yaml(dbt_project / TRAITS_FILE)
    traits, untestable = [], {}
    for name, data_type in _columns(document, model):
        if name == CUSTOMER_KEY:
            continue
        kind = _KINDS.get(_PRECISION.sub("", data_type.lower()).strip())
        if kind is not None and _NAME.fullmatch(name):
            traits.append(Trait(name, kind, model))
        else:
            untestable[name] = data_type
    return TraitSheet(traits, untestable)


def _columns(document: YamlDocument, name: str) -> list[tuple[str, str]]:
    """Name and type of each column of the model `name`."""
    for index, model in enumerate(parse(_ModelsFile, document).models):
        if model.name == name:
            return [(c.name, _data_type(c, document.at("models", index, "columns"))) for c in model.columns]
    raise DeclarationError(f"the model `{name}` is not described here.", where=document.at("models"))


def _data_type(column: _Column, where: Location) -> str:
    if column.data_type is None:
        raise DeclarationError(
            f"the column `{column.name}` has no `data_type`.",
            where=where,
            remedy="Rules are checked against the declared types.",
        )
    return column.data_type
