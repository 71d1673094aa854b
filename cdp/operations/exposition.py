"""The OpenMetrics text format, version 1.0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_SUFFIXES = {"counter": "_total", "gauge": ""}


@dataclass(frozen=True, slots=True)
class Sample:
    """One number. `suffix` overrides that of the family's kind."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name; the name of a counter is without `_total`."""

    name: str
    kind: Literal["counter", "gauge", "info"]
    told: str
    samples: Sequence[Sample]
    unit: str = ""


def exposed(families: Iterable[Family]) -> str:
    """The text of a scrape; a family without samples is left out."""
    lines = [line for family in families if family.samples for line in _lines(family)]
    return "\n".join([*lines, "# EOF\n"])


def _lines(family: Family) -> Iterator[str]:
    yield f"# TYPE {family.name} {family.kind}"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    yield f"# HELP {family.name} {_escaped(family.told)}"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
        suffix = sample.suffix if sample.suffix is not None else _SUFFIXES[family.kind]
        yield f"{family.name}{suffix}{{{labels}}} {sample.value}" if labels else f"{family.name}{suffix} {sample.value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
