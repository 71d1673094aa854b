"""What went into a generation, as one short text: equal fingerprints, nothing to build."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cdp.project import Project

CODE_SUFFIXES = {".sql", ".yml", ".csv", ".py"}
CODE_FOLDERS = ("models", "macros", "seeds", "snapshots", "tests")


def fingerprint(project: Project, as_of: datetime, last_data_batch: int) -> str:
    """Digest of the moment, the last batch that brought rows, the engine, and the dbt project's code."""
    digest = hashlib.sha256(f"{project.settings.warehouse.engine}|{as_of.isoformat()}|{last_data_batch}".encode())
    files = [project.dbt_project / "dbt_project.yml"]
    for folder in CODE_FOLDERS:
        files += (path for path in (project.dbt_project / folder).rglob("*") if path.suffix in CODE_SUFFIXES)
    for file in sorted(files):
        digest.update(str(file.relative_to(project.dbt_project)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
