"""One file per guarded table, of the same name: `SUITE`, or `suite(project)` where it depends on what is declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from cdp.project import Project
from quality.measures import Suite
from quality.payloads import payload_suite


def load_suites(project: Project, payloads: Mapping[str, Sequence[str]]) -> list[Suite]:
    """Every suite, by table.

    `payloads` are the models of the declared syncs, with the column that is the key and those that are sent: each has
    the suite of every payload, and what a file of its name adds.
    """
    own = [_suite(import_module(f"{__name__}.{module.name}"), project) for module in iter_modules(__path__)]
    written = {suite.table: suite for suite in own}
    generated = {model: payload_suite(model, columns) for model, columns in payloads.items()}
    joined = {table: _joined(generated.get(table), suite) for table, suite in written.items()}
    return sorted({**generated, **joined}.values(), key=lambda suite: suite.table)


def _suite(module: ModuleType, project: Project) -> Suite:
    found: Suite = module.suite(project) if hasattr(module, "suite") else module.SUITE
    return found


def _joined(generated: Suite | None, written: Suite) -> Suite:
    if generated is None:
        return written
    return Suite(written.table, written.boundary, {**generated.measures, **written.measures}, written.by)
