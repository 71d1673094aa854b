"""What a backup says about itself, and whether its files are what it says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cdp.errors import ConfigurationError, Location

MANIFEST_FILE = "backup.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files` are digests by path within the backup; `generation` is None where nothing had been published."""

    format: int
    made_at: str
    version: str
    project: str
    engine: str
    generation: int | None
    batches: int
    files: dict[str, str]

    @property
    def made(self) -> datetime:
        return datetime.fromisoformat(self.made_at)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under `folder`, by its path there, without the manifest."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != folder / MANIFEST_FILE)
    return {str(file.relative_to(folder)): _digest(file) for file in files}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST_FILE).write_text(json.dumps(asdict(manifest), indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup whose files are all there and unchanged.

    Raises ConfigurationError that names what is missing or changed, and where it is no backup or a newer one.
    """
    try:
        content: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text())
        manifest = Manifest(**content) if content["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigurationError(
            f"there is no whole {MANIFEST_FILE}: this is no backup.", where=Location(folder)
        ) from None
    if manifest is None:
        raise ConfigurationError(
            f"the backup has format {content['format']}, this version knows {FORMAT}.",
            where=Location(folder),
            remedy="Restore it with the version that made it.",
        )
    _verify(folder, manifest)
    return manifest


def _verify(folder: Path, manifest: Manifest) -> None:
    found = digests(folder)
    if found != manifest.files:
        wrong = sorted(path for path in {*found, *manifest.files} if found.get(path) != manifest.files.get(path))
        raise ConfigurationError(
            f"{len(wrong):,} files are not what they were, the first: {wrong[0]}.",
            where=Location(folder),
            remedy="Nothing was restored; take another copy of the backup.",
        )


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
