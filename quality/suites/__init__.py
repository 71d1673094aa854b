"""One file per guarded table, of the same name."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from quality.measures import Suite


def load_suites() -> list[Suite]:
    """Every suite, by table."""
    names = sorted(module.name for module in iter_modules(__path__))
    return [import_module(f"{__name__}.{name}").SUITE for name in names]
