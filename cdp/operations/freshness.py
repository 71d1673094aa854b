"""How long each raw table may be silent, as its declaration says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEST = "fresh_within"


def allowed_hours(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Hours by `raw_<source>.<table>`, of those that declare them."""
    allowed: dict[str, int] = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        if test.get("name") != _TEST:
            continue
        for unique_id in node["depends_on"]["nodes"]:
            if source := manifest["sources"].get(unique_id):
                allowed[f"{source['source_name']}.{source['name']}"] = int(test["kwargs"]["hours"])
    return allowed
