"""Everything that the identity graph is told by people, checked before dbt starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cdp.declarations.problems import attempt_all, together
from cdp.errors import DeclarationError
from cdp.identity.declaration import load_identity_rules
from cdp.identity.match_model import PROJECT_FILE, load_match_model
from cdp.identity.overrides import load_overrides


def _match_model(dbt_project: Path) -> object:
    return load_match_model(dbt_project / PROJECT_FILE)


_LOADERS: tuple[Callable[[Path], object], ...] = (load_identity_rules, load_overrides, _match_model)


def identity_problems(dbt_project: Path) -> list[DeclarationError]:
    """What is wrong with the rules and the overrides; nothing where there is no dbt project to ask."""
    if not (dbt_project / PROJECT_FILE).is_file():
        return []
    return attempt_all(lambda load: load(dbt_project), _LOADERS)[1]


def check_identity(dbt_project: Path) -> None:
    """Raises DeclarationError with every complaint about the rules and the overrides."""
    if problems := identity_problems(dbt_project):
        raise together(problems)
