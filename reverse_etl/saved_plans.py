"""Plans in a file: made today, reviewed by people, carried out only while they are still the plan."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from cdp.declarations.yaml_source import parse, read_yaml
from cdp.errors import DeclarationError, Location
from reverse_etl.engine.plan import Plan

_ABOVE = """\
# What these syncs would do, written by `cdp plan --save`. `cdp sync run --plan` does exactly this, or nothing.
# Samples are masked. The digest stands for every operation, key and value.
"""


class SavedPlan(BaseModel):
    """What one sync would do: rows per kind of change, and the digest that names exactly this plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sync: str
    digest: str
    generation: int
    add: int
    update: int
    remove: int
    samples: dict[str, list[str]] = {}


class SavedPlans(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    plans: Annotated[list[SavedPlan], Field(min_length=1)]


def saved(plan: Plan) -> SavedPlan:
    counts = plan.counts
    return SavedPlan(
        sync=plan.sync.name,
        digest=plan.digest(),
        generation=plan.reader.generation.number,
        add=counts.add,
        update=counts.update,
        remove=counts.remove,
        samples={change: keys for change, keys in plan.samples.items() if change in {"add", "update", "remove"}},
    )


def write_plans(file: Path, plans: Iterable[SavedPlan]) -> None:
    content: dict[str, Any] = {"plans": [plan.model_dump() for plan in plans]}
    file.write_text(_ABOVE + yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def read_plans(file: Path) -> dict[str, str]:
    """The digest that was agreed on for each sync.

    Raises DeclarationError where the file is not there, or is not such a file.
    """
    if not file.is_file():
        raise DeclarationError("there is no such file.", where=Location(file), remedy="cdp plan SYNC --save FILE.")
    return {plan.sync: plan.digest for plan in parse(SavedPlans, read_yaml(file)).plans}
