"""Column lineage from compiled SQL: through stars and subqueries, kept until the SQL changes, never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")

SQL = {
    "stg_orders": 'with source as (select * from "w"."raw_shop"."orders") select id as order_id, amount from source',
    "fct_orders": 'select o.order_id, o.amount - o.amount as nothing, 1 as one from "other"."cdp"."stg_orders" as o',
    "broken": "select from from from",
}


def _node(name: str, kind: str, schema: str, parents: list[str], columns: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "unique_id": f"{kind}.cdp.{name}",
        "resource_type": kind,
        "package_name": "cdp",
        "original_file_path": f"models/{name}.sql",
        "relation_name": f'"scratch"."{schema}"."{name}"',
        "depends_on": {"nodes": parents},
        "columns": {column: {"name": column} for column in columns},
        "fqn": ["cdp", "marts", name],
        "config": {},
        "tags": [],
        "meta": {},
        "description": "",
        "database": "w",
        "schema": schema,
        "alias": name,
        "identifier": name,
        "source_name": "raw_shop",
    }


@pytest.fixture
def manifest(tmp_path: Path) -> dict[str, Any]:
    for name, sql in SQL.items():
        file = tmp_path / "compiled/cdp/models" / f"{name}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql)
    source = _node("orders", "source", "raw_shop", [], ["id", "amount"])
    models = [
        _node("stg_orders", "model", "cdp", ["source.cdp.orders"], []),
        _node("fct_orders", "model", "cdp", ["model.cdp.stg_orders"], []),
        _node("broken", "model", "cdp", ["model.cdp.stg_orders"], []),
    ]
    nodes = {model["unique_id"]: model for model in models}
    return {"metadata": {"adapter_type": "duckdb"}, "sources": {"source.cdp.orders": source}, "nodes": nodes}


def _traced(manifest: dict[str, Any], folder: Path) -> dict[str, dict[str, list[str]]]:
    from orchestration.lineage import ColumnLineage

    lineage = ColumnLineage(manifest, folder / "compiled", folder / "lineage.json")
    found = {name: lineage.of(name) for name in manifest["nodes"]}
    lineage.keep()
    return {
        name: {
            column: [f"{dep.asset_key.path[-1]}.{dep.column_name}" for dep in deps]
            for column, deps in each.deps_by_column.items()
        }
        for name, each in found.items()
        if each
    }


def test_columns_are_followed_to_the_parents(manifest: dict[str, Any], tmp_path: Path) -> None:
    assert _traced(manifest, tmp_path) == {
        "model.cdp.stg_orders": {"order_id": ["orders.id"], "amount": ["orders.amount"]},
        "model.cdp.fct_orders": {"order_id": ["stg_orders.order_id"], "nothing": ["stg_orders.amount"], "one": []},
    }


def test_what_is_kept_says_the_same_and_follows_a_change(manifest: dict[str, Any], tmp_path: Path) -> None:
    first = _traced(manifest, tmp_path)
    assert _traced(manifest, tmp_path) == first
    (tmp_path / "compiled/cdp/models/stg_orders.sql").write_text(
        'select amount as order_id from "w"."raw_shop"."orders"'
    )
    assert _traced(manifest, tmp_path)["model.cdp.stg_orders"] == {"order_id": ["orders.amount"]}


def test_a_torn_memory_is_made_anew(manifest: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "lineage.json").write_text('{"model.cdp.stg_orders": {"digest"')
    assert "model.cdp.stg_orders" in _traced(manifest, tmp_path)
