"""The project's own models over DuckDB tables, without dbt around them: built, and built again from what stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import yaml

from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.macros import Macros

DBT = REPOSITORY / "dbt_project"
_FILES = {file.stem: file for file in (DBT / "models").rglob("*.sql")}
_MACROS = [
    file for folder in ("portable", "contributions", "consent") for file in (DBT / "macros" / folder).glob("*.sql")
]
# Which purposes, classes and channels there are.
_TERMS = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["consent"]
_JINJA = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False, undefined=jinja2.StrictUndefined)


class Models:
    """`load` gives an upstream table its rows; `build` makes a model as dbt would, incrementally where it stands."""

    def __init__(self, as_of: datetime, variables: Mapping[str, Any] | None = None) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.variables = {"consent": _TERMS, **(variables or {})}
        self.macros = Macros(
            _MACROS,
            self.rows,
            ref=lambda name: name,
            source=lambda _, name: name,
            var=lambda name: self.variables[name],
        )
        self.tell_time(as_of)

    def close(self) -> None:
        self.connection.close()

    def tell_time(self, as_of: datetime, last_arrival: int = 0) -> None:
        """Set the clock of the next builds: their moment, and what the last ones had seen."""
        self.connection.execute(
            f"create or replace table clock as select timestamp '{as_of}' as as_of, {last_arrival} as last_arrival"
        )

    def load(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]] = ()) -> None:
        self.connection.execute(f"create or replace table {table} ({columns})")
        if given := list(rows):
            values = [list(column) for column in zip(*given, strict=True)]
            self.connection.register("given", pa.table(values, [str(place) for place in range(len(values))]))
            self.connection.execute(f"insert into {table} from given")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def build(self, *models: str) -> None:
        for model in models:
            self._build(model)

    def _build(self, model: str) -> None:
        config: dict[str, Any] = {}
        stands = bool(self.rows(f"from duckdb_tables() where table_name = '{model}'"))
        query = self._render(_FILES[model].read_text(encoding="utf-8"), model, config, stands)
        if config.get("materialized") == "incremental" and stands:
            self.connection.execute(f"create or replace temp table arrived as {query}")
            for key in [config["unique_key"]] if "unique_key" in config else []:
                names = ", ".join([key] if isinstance(key, str) else key)
                self.connection.execute(f"delete from {model} where ({names}) in (select ({names}) from arrived)")
            self.connection.execute(f"insert into {model} by name from arrived")
        else:
            self.connection.execute(f"create or replace table {model} as {query}")
        if "post_hook" in config:
            self.connection.execute(self._render(config["post_hook"], model, {}, stands))

    def _render(self, text: str, model: str, config: dict[str, Any], stands: bool) -> str:
        def configure(**given: Any) -> str:
            config.update(given)
            return ""

        self.macros.context |= {"this": model, "config": configure, "is_incremental": lambda: stands}
        return _template(text).render(self.macros.context)


@cache
def _template(text: str) -> jinja2.Template:
    return _JINJA.from_string(text)
