"""The project's own macros for addresses, rendered for DuckDB without dbt: one definition of what an address is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from cdp.declarations.addresses import AddressKind
from cdp.declarations.yaml_source import read_yaml
from cdp.errors import ConfigurationError, DeclarationError, Location


class AddressMacros:
    """SQL, in DuckDB's dialect, from the macros of `macros/portable` and the variables of `dbt_project.yml`."""

    def __init__(self, dbt_project: Path) -> None:
        self._folder, self._settings = dbt_project / "macros" / "portable", dbt_project / "dbt_project.yml"

    def normalised(self, kind: AddressKind, text: str) -> str:
        """SQL for a text's normalised form, null where it is no address of this kind."""
        return self._render(f"normalise_{kind}", text)

    def address(self, typed: str) -> str:
        """The address that a person has typed, as the warehouse writes it.

        Raises ConfigurationError, which does not quote it, where it is none of any kind.
        """
        kinds = ", ".join(self.normalised(kind, "typed") for kind in AddressKind)
        with duckdb.connect() as connection:
            [(found,)] = connection.execute(f"select coalesce({kinds}) from (select ? as typed)", [typed]).fetchall()
        if found is None:
            raise ConfigurationError(
                "that is neither an e-mail address nor a phone number.",
                remedy="A number of another country needs its code: +1 …",
            )
        return str(found)

    def json_text(self, column: str, path: str) -> str:
        """SQL for the text at a path of a column, null where that is no JSON."""
        return self._render("json_text", f"(case when json_valid({column}) then {column} end)", path)

    def _render(self, macro: str, *arguments: str) -> str:
        try:
            return str(getattr(self._macros, macro)(*arguments)).strip()
        except (AttributeError, jinja2.TemplateError) as error:
            raise DeclarationError(
                f"the macro `{macro}` cannot be rendered outside of dbt: {error}.", where=Location(self._folder)
            ) from None

    @cached_property
    def _macros(self) -> Any:
        environment = jinja2.Environment(
            extensions=["jinja2.ext.do"],
            autoescape=jinja2.select_autoescape(default_for_string=False),
            undefined=jinja2.StrictUndefined,
        )
        text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(self._folder.glob("*.sql")))
        try:
            template = environment.from_string(text)
        except jinja2.TemplateSyntaxError as error:
            raise DeclarationError(f"a macro is malformed: {error.message}.", where=Location(self._folder)) from None
        # `return` of dbt ends a macro; here it stands last in each of them.
        return template.make_module({"adapter": {"dispatch": self._dispatch}, "var": self._variable, "return": str})

    def _dispatch(self, macro: str, _: str | None = None) -> Callable[..., str]:
        found: Callable[..., str] | None = getattr(self._macros, f"duckdb__{macro}", None)
        return found or getattr(self._macros, f"default__{macro}")

    @cached_property
    def _variables(self) -> Mapping[str, Any]:
        return (read_yaml(self._settings).content or {}).get("vars") or {}

    def _variable(self, name: str) -> Any:
        if name not in self._variables:
            raise DeclarationError(f"`vars` has no `{name}`.", where=Location(self._settings))
        return self._variables[name]
