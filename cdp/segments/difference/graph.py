"""The models of one side of a comparison: what decides the content of each, and which others it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cdp.project import Project

# These build nothing but what the statement selects; another materialization has tables and rules of its own.
_PLAIN = {"table", "view", "incremental", "ephemeral"}
_VARIABLE = re.compile(r"""\bvar\(\s*['"](\w+)""")


@dataclass(frozen=True, slots=True)
class Model:
    """`text` is equal on both sides where the model is the same; `statement` is None where it tells no columns."""

    name: str
    text: str
    statement: str | None
    parents: frozenset[str]


Graph = dict[str, Model]


def read_graph(project: Project, manifest_file: Path) -> Graph:
    """The seeds of a manifest, and the models that dbt has compiled for it, by name."""
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    settings = yaml.safe_load((project.dbt_project / "dbt_project.yml").read_text(encoding="utf-8"))
    kept = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "seed" or (node["resource_type"] == "model" and "compiled_code" in node)
    }
    names = {key: node["name"] for key, node in kept.items()}
    machinery = _Machinery(manifest["macros"], settings.get("vars") or {})
    return {names[key]: _model(node, names, machinery) for key, node in kept.items()}


def _model(node: Mapping[str, Any], names: Mapping[str, str], machinery: _Machinery) -> Model:
    parents = frozenset(names[key] for key in node["depends_on"].get("nodes", []) if key in names)
    materialized = node["config"]["materialized"]
    if node["resource_type"] == "seed":
        return Model(node["name"], node["checksum"]["checksum"], None, parents)
    if materialized in _PLAIN:
        return Model(node["name"], node["compiled_code"], node["compiled_code"], parents)
    return Model(node["name"], node["compiled_code"] + machinery.of(node["package_name"], materialized), None, parents)


@dataclass(frozen=True, slots=True)
class _Machinery:
    macros: Mapping[str, Any]
    variables: Mapping[str, Any]

    def of(self, package: str, materialization: str) -> str:
        """The code of a materialization of the project's own, with what it calls, and the variables that it reads."""
        prefix = f"macro.{package}.materialization_{materialization}_"
        waiting, found = [key for key in self.macros if key.startswith(prefix)], dict[str, str]()
        while waiting:
            key = waiting.pop()
            if key in found or not key.startswith(f"macro.{package}."):
                continue
            found[key] = self.macros[key]["macro_sql"]
            waiting += self.macros[key]["depends_on"]["macros"]
        code = "\n".join(text for _, text in sorted(found.items()))
        read = sorted(set(_VARIABLE.findall(code)))
        return code + json.dumps({name: self.variables.get(name) for name in read})
