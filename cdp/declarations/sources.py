"""Source tables as the dbt project declares them: their columns, and how their records arrive.

One declaration serves dbt (`source()`), landing (`config.meta.landing`) and the documentation.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from cdp.declarations.addresses import Reason, ShownAddresses, Suppressing
from cdp.declarations.yaml_source import YamlDocument, parse, read_yaml
from cdp.errors import DeclarationError, Location

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
RAW_PREFIX = "raw_"


def _known_type(data_type: str) -> str:
    if not re.fullmatch(r"varchar|bigint|timestamp|date|boolean|json|decimal\(\d{1,2},\d{1,2}\)", data_type):
        raise ValueError(
            f"`{data_type}` is none of varchar, bigint, timestamp, date, boolean, json and decimal(18,2) or the like"
        )
    return data_type


DataType = Annotated[str, AfterValidator(_known_type)]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FileLanding(_Declared):
    """Files found under the inbox by `files`, a glob."""

    format: Literal["parquet", "ndjson", "json"]
    files: str


class CsvLanding(_Declared):
    """Delimited text with a header line; `encoding` other than UTF-8 is transcoded on the way."""

    format: Literal["csv"]
    files: str
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"
    timestamp_format: str | None = None
    date_format: str | None = None

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(f"`{encoding}` is no encoding that Python knows") from None
        return encoding


class SqlLanding(_Declared):
    """A table read whole and landed as changes; `key` tells rows apart."""

    format: Literal["sql"]
    table: Name
    key: list[Name] = Field(min_length=1)


SuppressionTable = Literal["tokens", "listings"]


class SuppressionLanding(_Declared):
    """A table that the landing itself writes: the keyed tokens of addresses, or those that are listed (ADR 17)."""

    format: SuppressionTable


class InboundLanding(_Declared):
    """A table of what tools reported to the operational store since the last landing."""

    format: Literal["inbound"]


class ColumnMeta(_Declared):
    required: bool = False
    address: ShownAddresses = ()
    source_name: str | None = Field(default=None, alias="from")


class ColumnConfig(BaseModel):
    meta: ColumnMeta = ColumnMeta()


class Column(BaseModel):
    """One declared column. `source_name` is what the file calls it."""

    name: Name
    data_type: DataType
    description: str = ""
    config: ColumnConfig = ColumnConfig()

    @model_validator(mode="after")
    def _address_fits(self) -> Column:
        for address in self.addresses:
            if (self.data_type == "json") is not bool(address.path):
                raise ValueError("an `address` of a JSON column is a mapping of paths; only text has one itself")
            if self.data_type not in {"json", "varchar"}:
                raise ValueError(f"a {self.data_type} holds no address")
        return self

    @property
    def is_required(self) -> bool:
        return self.config.meta.required

    @property
    def source_name(self) -> str:
        return self.config.meta.source_name or self.name

    @property
    def addresses(self) -> ShownAddresses:
        return self.config.meta.address


AnyLanding = FileLanding | CsvLanding | SqlLanding | SuppressionLanding | InboundLanding
Landing = Annotated[AnyLanding, Field(discriminator="format")]


class _TableMeta(BaseModel):
    landing: Landing
    suppresses: dict[Reason, Suppressing] = {}


class _TableConfig(BaseModel):
    meta: _TableMeta


class _Table(BaseModel):
    name: Name
    config: _TableConfig
    columns: list[Column] = Field(min_length=1)


class _AnyTableConfig(BaseModel):
    meta: dict[str, Any] = {}


class _AnyTable(BaseModel):
    """As much of a table as says whether it lands."""

    config: _AnyTableConfig = _AnyTableConfig()


class _Source(BaseModel):
    name: str
    tables: list[_AnyTable] = []


class _SourcesFile(BaseModel):
    """As much of a dbt properties file as matters here."""

    sources: list[_Source] = []


class SourceTable:
    """One table of one source; `source` is the name without the `raw_` of its schema."""

    def __init__(self, source: str, declared: _Table, location: Location) -> None:
        self.source, self.name, self.location = source, declared.name, location
        self.landing: AnyLanding = declared.config.meta.landing
        self.suppresses: dict[Reason, Suppressing] = declared.config.meta.suppresses
        self.columns: list[Column] = declared.columns

    @property
    def qualified_name(self) -> str:
        return f"{RAW_PREFIX}{self.source}.{self.name}"

    def __repr__(self) -> str:
        return f"SourceTable({self.qualified_name})"


def load_source_tables(dbt_project: Path) -> list[SourceTable]:
    """Every declared source table that lands, by source and name.

    Raises DeclarationError with file and line where a declaration is malformed or appears twice.
    """
    tables = [
        table
        for file in sorted((dbt_project / "models" / "staging").glob("*/_*__sources.yml"))
        for table in _tables_of(read_yaml(file))
    ]
    seen: dict[str, SourceTable] = {}
    for table in tables:
        if other := seen.get(table.qualified_name):
            raise DeclarationError(
                f"{table.qualified_name} is declared a second time; the first is at {other.location}.",
                where=table.location,
            )
        seen[table.qualified_name] = table
    return sorted(tables, key=lambda table: (table.source, table.name))


def _tables_of(document: YamlDocument) -> Iterator[SourceTable]:
    for position, source in enumerate(parse(_SourcesFile, document).sources):
        if not source.name.startswith(RAW_PREFIX):
            raise DeclarationError(
                f"the source `{source.name}` must be named `{RAW_PREFIX}<source>`.",
                where=document.at("sources", position, "name"),
            )
        for index, table in enumerate(source.tables):
            path = ("sources", position, "tables", index)
            if _lands(table, document, path):
                yield _table(source.name.removeprefix(RAW_PREFIX), document, path)


def _lands(table: _AnyTable, document: YamlDocument, path: tuple[str | int, ...]) -> bool:
    """Whether it is landed here; a table without `landing` is somebody else's."""
    meta = table.config.meta
    for key, lost in (("landing", "land"), ("suppresses", "suppress anybody")):
        misspelt = get_close_matches(key, [] if key in meta else meta, n=1)
        if misspelt:
            raise DeclarationError(
                f"`{misspelt[0]}` is not a known key, so nothing of this table would {lost}.",
                where=document.at(*path, "config", "meta", misspelt[0]),
                remedy=f"Did you mean `{key}`?",
            )
    return "landing" in meta


def _table(source: str, document: YamlDocument, path: tuple[str | int, ...]) -> SourceTable:
    declared = parse(_Table, document, *path)
    table = SourceTable(source, declared, document.at(*path))
    names = {column.name for column in table.columns}
    if isinstance(table.landing, SqlLanding):
        required = {column.name for column in table.columns if column.is_required}
        for key in table.landing.key:
            if key not in required:
                raise DeclarationError(
                    f"the key column `{key}` is not among the {'required ' if key in names else ''}columns.",
                    where=document.at(*path, "config", "meta", "landing", "key"),
                )
    _check_suppressing(table, document, path)
    return table


def _check_suppressing(table: SourceTable, document: YamlDocument, path: tuple[str | int, ...]) -> None:
    columns = {column.name: (column.data_type, column.addresses) for column in table.columns}
    for reason, suppressing in table.suppresses.items():
        if wrong := suppressing.wrong_column(columns):
            raise DeclarationError(f"{wrong}.", where=document.at(*path, "config", "meta", "suppresses", reason))
