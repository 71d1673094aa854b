"""The part of the product's dbt project that every company shares: all of it, without what the demo's sources bring."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from cdp.errors import ConfigurationError

PRODUCT = Path(__file__).parents[2] / "dbt_project"

# What comes of the product itself, whatever the company: the landing's list, and what its tools answer and report.
_SHARED_SOURCES = ("staging/suppression", "staging/receipts", "staging/feedback")
# What the demo company wrote for itself, beside the models that read its sources.
_DEMO_FOLDERS = ("marts/activation", "marts/segments/hand_written")
_GENERATED = ("analyses", "target", "logs")
_DESCRIPTIONS = "__models.yml"
_REFERENCE = re.compile(r"\b(?:ref\('|model: )(\w+)")
_DESCRIBED_MODEL = re.compile(r"^  - name: (\w+)$", re.MULTILINE)
_VARIABLE = re.compile(r"^  (\w+): (.+)$", re.MULTILINE)


def copy_shared_models(target: Path, variables: Mapping[str, str], product: Path = PRODUCT) -> None:
    """Write the shared dbt project to `target`; `variables` as `with_variables` takes them.

    Raises ConfigurationError where the product's own dbt project is not beside its code.
    """
    if not (product / "dbt_project.yml").is_file():
        raise ConfigurationError(
            f"the shared models are not in {product}.", remedy="Run `cdp init` from a clone of the product."
        )
    demo = demo_models(product / "models")
    for file in sorted(product.rglob("*")):
        path = file.relative_to(product)
        if file.is_file() and _is_shared(file, path, demo):
            _copy(file, target / path, demo)
    settings = target / "dbt_project.yml"
    settings.write_text(with_variables(settings.read_text(encoding="utf-8"), variables), encoding="utf-8")


def demo_models(models: Path) -> set[str]:
    """The models of the demo company: those that read its sources, directly or by way of another, and its own.

    Shared models name no source: they reach contributions through the lists in `dbt_project.yml` alone.
    """
    references = {file.stem: _references(file) for file in models.rglob("*.sql")}
    shared = {file.stem for folder in _SHARED_SOURCES for file in (models / folder).rglob("*.sql")}
    reading = {file.stem for file in (models / "staging").rglob("*.sql")} - shared
    while found := {name for name, named in references.items() if name not in reading and named & reading}:
        reading |= found
    return reading | {file.stem for folder in _DEMO_FOLDERS for file in (models / folder).rglob("*.sql")}


def with_variables(settings: str, variables: Mapping[str, str]) -> str:
    """The text of a `dbt_project.yml` whose `variables` have these values, in YAML; other source lists are empty."""

    def line(found: re.Match[str]) -> str:
        name, value = found.groups()
        return f"  {name}: {variables.get(name, '[]' if name.endswith('_sources') else value)}"

    return _VARIABLE.sub(line, settings)


def without_models(description: str, absent: set[str]) -> str:
    """The text of a `_*__models.yml` without the models in `absent`; empty where none is left."""
    starts = [found.start() for found in _DESCRIBED_MODEL.finditer(description)]
    head, ends = description[: starts[0]], [*starts[1:], len(description)]
    blocks = [description[start:end] for start, end in zip(starts, ends, strict=True)]
    kept = [block for block in blocks if _DESCRIBED_MODEL.findall(block)[0] not in absent]
    return head + "".join(kept).rstrip() + "\n" if kept else ""


def _is_shared(file: Path, path: Path, demo: set[str]) -> bool:
    if path.parts[0] in _GENERATED or path.name.startswith("."):
        return False
    if path.is_relative_to("models/staging"):
        return any(path.is_relative_to(f"models/{folder}") for folder in _SHARED_SOURCES)
    if file.suffix not in {".sql", ".yml"} or file.name.endswith(_DESCRIPTIONS):
        return True
    return file.stem not in demo and not _references(file) & demo


def _references(file: Path) -> set[str]:
    return set(_REFERENCE.findall(file.read_text(encoding="utf-8")))


def _copy(file: Path, copy: Path, demo: set[str]) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not file.name.endswith(_DESCRIPTIONS):
        shutil.copyfile(file, copy)
    elif kept := without_models(file.read_text(encoding="utf-8"), demo):
        copy.write_text(kept, encoding="utf-8")
