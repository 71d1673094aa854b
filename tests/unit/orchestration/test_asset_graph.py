"""The asset graph: nothing without an owner, no gap between raw tables and syncs, and a snapshot of its shape."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from cdp.declarations.sources import load_source_tables
from cdp.project import Project

if TYPE_CHECKING:
    from dagster import AssetKey
    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AssetGraph]:
    """The asset graph of the repository's own project, with its state elsewhere."""
    root = tmp_path_factory.mktemp("project")
    settings = yaml.safe_load((REPOSITORY / "cdp.yml").read_text())
    for folder in ("dbt_project", "activation"):
        settings[folder] = str(REPOSITORY / folder)
    (root / "cdp.yml").write_text(yaml.safe_dump(settings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from orchestration.observer import Observer
        from orchestration.wiring import build_definitions

        yield build_definitions(Project.load(root), Observer()).resolve_asset_graph()


def test_every_asset_has_owner_description_kind_and_group(graph: AssetGraph) -> None:
    lacking = {
        node.key.to_user_string(): [
            name for name in ("owners", "description", "kinds", "group_name") if not getattr(node, name)
        ]
        for node in graph.asset_nodes
    }
    assert {key: missing for key, missing in lacking.items() if missing} == {}
    assert {node.key.to_user_string() for node in graph.asset_nodes if node.group_name == "default"} == set()


def test_every_declared_source_is_an_asset(graph: AssetGraph) -> None:
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    tables = {table.qualified_name.replace(".", "/") for table in load_source_tables(REPOSITORY / "dbt_project")}
    assert tables <= keys


def test_every_sync_comes_from_raw_tables(graph: AssetGraph) -> None:
    for sync in _group(graph, "syncs"):
        ancestors = {key.to_user_string() for key in graph.get_ancestor_asset_keys(sync.key)}
        assert {"raw_shop/order_lines", "raw_crm/contacts", "control/clock"} <= ancestors


def test_nothing_begins_in_the_middle(graph: AssetGraph) -> None:
    """What has no parent is a source, a seed, or generated from a declaration."""
    roots = [node for node in graph.asset_nodes if not node.parent_keys]
    middle = {node.key.to_user_string() for node in roots if node.group_name not in {"sources", "seeds"}}
    assert middle == {
        "int_segments__definitions",
        "int_segments__former_names",
        "int_audiences__definitions",
        "int_audiences__variants",
        "int_identity__match_rules",
    }


def _key(graph: AssetGraph, name: str) -> AssetKey:
    return next(key for key in graph.get_all_asset_keys() if key.to_user_string() == name)


def _group(graph: AssetGraph, name: str) -> list[Any]:
    return [node for node in graph.asset_nodes if node.group_name == name]


def test_the_gate_stands_between_every_mart_and_every_sync(graph: AssetGraph) -> None:
    gate = _key(graph, "published_generation")
    assert all(gate in sync.parent_keys for sync in _group(graph, "syncs"))
    before = graph.get_ancestor_asset_keys(gate)
    assert {_key(graph, name) for name in ("dim_customers", "audience_members", "sync_esp__newsletter")} <= before


def test_every_suite_blocks(graph: AssetGraph) -> None:
    """Written suites and those that every sync has without one."""
    audits = [graph.get_check_spec(key) for key in graph.asset_check_keys if key.name == "meets_expectations"]
    written = {file.stem for file in (REPOSITORY / "quality" / "suites").glob("[a-z]*.py")}
    assert written <= {audit.asset_key.to_user_string() for audit in audits}
    assert all(audit.blocking for audit in audits)


def test_what_may_be_late_says_when(graph: AssetGraph) -> None:
    """Sources with a declared rhythm, what is published, and every sync have a freshness policy."""
    declared = {node.key.to_user_string() for node in graph.asset_nodes if node.freshness_policy}
    syncs = {node.key.to_user_string() for node in _group(graph, "syncs")}
    assert {"raw_shop/order_lines", "raw_web/events", "published_generation"} | syncs <= declared


def test_what_is_set_aside_has_days(graph: AssetGraph) -> None:
    assert graph.get(_key(graph, "set_aside")).partitions_def is not None


def test_the_shape_of_the_graph(graph: AssetGraph, snapshot: SnapshotAssertion) -> None:
    """A reviewer sees what moved; `pytest --snapshot-update` takes it over."""
    shape = {
        node.key.to_user_string(): {
            "deps": sorted(key.to_user_string() for key in node.parent_keys),
            "group": node.group_name,
            "owners": sorted(node.owners),
            "kinds": sorted(node.kinds),
            "checks": sorted(key.name for key in node.check_keys),
        }
        for node in graph.asset_nodes
    }
    assert json.loads(json.dumps(shape, sort_keys=True)) == snapshot(extension_class=JSONSnapshotExtension)
