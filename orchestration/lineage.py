"""From which columns of its parents each column of a model comes: read from the SQL that dbt compiled."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from dagster import AssetKey, TableColumnDep, TableColumnLineage
from sqlglot import MappingSchema, exp, parse_one
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from cdp.warehouse.raw import METADATA
from orchestration.translator import Translator

Sources = list[tuple[str, str]]

# What it does not understand has no lineage, which shows.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class _Traced:
    """One model as it was compiled: a digest of that, its columns, and the (node, column) pairs behind each."""

    digest: str
    columns: list[str]
    sources: dict[str, Sources] = field(default_factory=dict)


class ColumnLineage:
    """The lineage of one dbt project; what was traced once is kept in `kept_in` until the SQL changes."""

    def __init__(self, manifest: Mapping[str, Any], compiled: Path, kept_in: Path) -> None:
        self._manifest, self._compiled, self._kept_in = manifest, compiled, kept_in
        self._nodes: dict[str, Any] = {**manifest["sources"], **manifest["nodes"]}
        self._dialect = str(manifest["metadata"]["adapter_type"])
        self._translator, self._key = Translator(), cache(self._asset_key)
        self._traced = _read(kept_in)

    def of(self, unique_id: str) -> TableColumnLineage | None:
        """The lineage of a model whose parents were asked for before it; None where its SQL does not say."""
        file = self._compiled / self._nodes[unique_id]["package_name"] / self._nodes[unique_id]["original_file_path"]
        if not unique_id.startswith("model.") or not file.is_file():
            return None
        found = self._trace(unique_id, file.read_text())
        deps = {
            column: [TableColumnDep(asset_key=self._key(parent), column_name=name) for parent, name in sources]
            for column, sources in found.sources.items()
        }
        return TableColumnLineage(deps_by_column=deps) if any(deps.values()) else None

    def keep(self) -> None:
        """Write down what was traced, for the next build."""
        unfinished = self._kept_in.with_suffix(".tmp")
        unfinished.write_text(json.dumps({name: asdict(traced) for name, traced in self._traced.items()}))
        unfinished.replace(self._kept_in)

    def _trace(self, unique_id: str, sql: str) -> _Traced:
        parents = {
            parent: self._columns(parent)
            for parent in self._nodes[unique_id]["depends_on"]["nodes"]
            if parent in self._nodes
        }
        digest = hashlib.sha256(json.dumps([sql, parents]).encode()).hexdigest()
        known = self._traced.get(unique_id)
        if known is None or known.digest != digest:
            self._traced[unique_id] = self._traced_anew(digest, sql, parents)
        return self._traced[unique_id]

    def _traced_anew(self, digest: str, sql: str, parents: Mapping[str, list[str]]) -> _Traced:
        try:
            return self._parsed(digest, sql, parents)
        except Exception:
            # SQL that the parser does not understand has no lineage here; a build does not end for that.
            return _Traced(digest, [])

    def _parsed(self, digest: str, sql: str, parents: Mapping[str, list[str]]) -> _Traced:
        by_table = {_name(exp.to_table(self._nodes[parent]["relation_name"])): parent for parent in parents}
        schema = MappingSchema(dialect=self._dialect)
        for (folder, table), parent in by_table.items():
            schema.add_table(exp.table_(table, folder), dict.fromkeys(parents[parent], "varchar"))
        query = parse_one(sql, dialect=self._dialect)
        for each in query.find_all(exp.Table):
            # A manifest and a build may call the database by different names.
            each.set("catalog", None)
        qualified = qualify(
            query, dialect=self._dialect, schema=schema, validate_qualify_columns=False, expand_alias_refs=False
        )
        scope = build_scope(qualified)
        columns = list(qualified.named_selects) if isinstance(qualified, exp.Query) else []
        if scope is None or not isinstance(qualified, exp.Query) or "*" in columns:
            return _Traced(digest, [])
        sources = {column: self._sources(column, qualified, scope, schema, by_table) for column in columns}
        return _Traced(digest, columns, sources)

    def _sources(
        self,
        column: str,
        query: exp.Query,
        scope: Scope,
        schema: MappingSchema,
        by_table: Mapping[tuple[str, str], str],
    ) -> Sources:
        found = set()
        for node in lineage(
            column, query, schema=schema, dialect=self._dialect, scope=scope, trim_selects=False
        ).walk():
            if not node.downstream and isinstance(node.expression, exp.Table):
                parent = by_table.get(_name(node.expression))
                if parent:
                    found.add((parent, exp.to_column(node.name).name))
        return sorted(found)

    def _columns(self, unique_id: str) -> list[str]:
        traced = self._traced.get(unique_id)
        declared = list(self._nodes[unique_id]["columns"])
        landed = list(METADATA) if declared and unique_id.startswith("source.") else []
        return (traced.columns if traced else []) or [*declared, *landed]

    def _asset_key(self, unique_id: str) -> AssetKey:
        return self._translator.get_asset_spec(self._manifest, unique_id, None).key


def _name(table: exp.Table) -> tuple[str, str]:
    return table.db, table.name


def _read(file: Path) -> dict[str, _Traced]:
    try:
        kept = json.loads(file.read_text())
        return {
            name: _Traced(
                traced["digest"],
                traced["columns"],
                {column: [(parent, name) for parent, name in found] for column, found in traced["sources"].items()},
            )
            for name, traced in kept.items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}
