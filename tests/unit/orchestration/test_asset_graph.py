"""The asset graph: nothing without an owner, no gap between raw tables and syncs, and a snapshot of its shape."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from cdp.declarations.sources import load_source_tables
from cdp.project import Project

REPOSITORY = Path(__file__).parents[3]
BEGINNINGS = {"control/clock"}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
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


def test_every_asset_has_owner_description_kind_and_group(graph) -> None:
    lacking = {
        node.key.to_user_string(): [
            name for name in ("owners", "description", "kinds", "group_name") if not getattr(node, name)
        ]
        for node in graph.asset_nodes
    }
    assert {key: missing for key, missing in lacking.items() if missing} == {}
    assert {node.key.to_user_string() for node in graph.asset_nodes if node.group_name == "default"} == set()


def test_every_declared_source_is_an_asset(graph) -> None:
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    tables = {table.qualified_name.replace(".", "/") for table in load_source_tables(REPOSITORY / "dbt_project")}
    assert tables <= keys


def test_there_is_no_gap_between_raw_tables_and_syncs(graph) -> None:
    roots = {key.to_user_string() for key in graph.root_asset_keys}
    for sync in (node for node in graph.asset_nodes if node.group_name == "syncs"):
        beginnings = {
            key.to_user_string() for key in graph.get_ancestor_asset_keys(sync.key) if key.to_user_string() in roots
        }
        assert any(key.startswith("raw_") for key in beginnings), sync.key
    strays = {root for root in roots if not root.startswith("raw_") and root not in BEGINNINGS}
    assert {
        root for root in strays if graph.get(_key(graph, root)).group_name not in {"seeds", "segments", "audiences"}
    } == set()


def _key(graph, name: str):
    return next(key for key in graph.get_all_asset_keys() if key.to_user_string() == name)


def test_the_gate_stands_between_every_mart_and_every_sync(graph) -> None:
    gate = _key(graph, "published_generation")
    for node in graph.asset_nodes:
        if node.group_name == "syncs":
            assert gate in node.parent_keys
    before = graph.get_ancestor_asset_keys(gate)
    assert {_key(graph, name) for name in ("dim_customers", "audience_members", "sync_esp__newsletter")} <= before


def test_every_suite_blocks(graph) -> None:
    audits = [graph.get_check_spec(key) for key in graph.asset_check_keys if key.name == "meets_expectations"]
    assert len(audits) == len(list((REPOSITORY / "quality" / "suites").glob("[a-z]*.py")))
    assert all(audit.blocking for audit in audits)


def test_the_shape_of_the_graph(graph, snapshot: SnapshotAssertion) -> None:
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
