"""The files that say which generation of DuckDB's folders is read, and what each of them is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cdp.warehouse.port import Generation

GENERATION_FILE = "generation.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """What readers see, the newest number that was ever published, and whether builds wait for a person."""

    generation: Generation
    newest: int
    waits: bool = False


def read_pointer(file: Path) -> Pointer | None:
    """The pointer, None where nothing has been published."""
    content = _content(file)
    if content is None:
        return None
    generation = _generation(content)
    return Pointer(generation, content.get("newest", generation.number), content.get("waits", False))


def write_pointer(file: Path, pointer: Pointer) -> None:
    _write(file, _told(pointer.generation) | {"newest": pointer.newest, "waits": pointer.waits})


def read_generation(file: Path) -> Generation | None:
    """The generation a file describes, None where there is no such file."""
    content = _content(file)
    return _generation(content) if content else None


def published_at(file: Path) -> datetime | None:
    """When the generation that a file describes was published, None where nobody noted it."""
    told = (_content(file) or {}).get("published_at")
    return datetime.fromisoformat(told) if told else None


def write_generation(file: Path, generation: Generation, published: datetime | None = None) -> None:
    when = {"published_at": published.isoformat()} if published else {}
    _write(file, _told(generation) | when)


def _told(generation: Generation) -> dict[str, Any]:
    return {
        "number": generation.number,
        "as_of": generation.as_of.isoformat(),
        "batch": generation.batch,
        "fingerprint": generation.fingerprint,
    }


def _generation(content: dict[str, Any]) -> Generation:
    as_of = datetime.fromisoformat(content["as_of"])
    return Generation(content["number"], as_of, content["batch"], content["fingerprint"])


def _content(file: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return content


def _write(file: Path, content: dict[str, Any]) -> None:
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(json.dumps(content, indent=2) + "\n")
    unfinished.replace(file)
