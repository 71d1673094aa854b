"""The variables of the dbt project, `vars` in `dbt_project.yml`, as far as Python asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cdp.declarations.yaml_source import YamlDocument, read_yaml
from cdp.errors import DeclarationError

PROJECT_FILE = "dbt_project.yml"


def variables_of(dbt_project: Path) -> tuple[dict[str, Any], YamlDocument]:
    """The variables by name, and the file that has them."""
    document = read_yaml(dbt_project / PROJECT_FILE)
    variables = document.content.get("vars") if isinstance(document.content, dict) else None
    return (variables if isinstance(variables, dict) else {}), document


def required_variable(dbt_project: Path, name: str, remedy: str) -> tuple[Any, YamlDocument]:
    """A variable, and the file that has it.

    Raises DeclarationError with the `remedy` where it is missing.
    """
    variables, document = variables_of(dbt_project)
    if name not in variables:
        raise DeclarationError(f"`vars` says nothing about `{name}`.", where=document.at("vars"), remedy=remedy)
    return variables[name], document


def home_currency(dbt_project: Path) -> str:
    """The money that the company counts in, ISO 4217."""
    return str(required_variable(dbt_project, "home_currency", "Name the money you count in, such as `EUR`.")[0])
