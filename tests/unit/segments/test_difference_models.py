"""Models that changed upstream: built on copies, each side its own, and nobody sees it but the table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cdp.errors import CdpError, ConfigurationError
from cdp.project import Project
from cdp.segments.commands import register
from cdp.segments.difference.difference import segments_difference
from cdp.segments.difference.graph import read_graph
from tests.doubles.published import publish_customers
from tests.unit.segments.test_difference import commit, touched

REPOSITORY = Path(__file__).parents[3]
Declare = Callable[[str, str], Path]

SETTINGS = """\
name: cdp
version: "1.0"
profile: cdp
config-version: 2
vars: {least_cents: 0, unread: 1}
models: {cdp: {+materialized: table}}
"""
ORDERS = "select customer_id, cents from {{ ref('raw_orders') }} where cents >= {{ var('least_cents') }}"
TRAITS = """\
select
    customer_id,
    count(*) as orders_count,
    sum(cents) / 100.0 as coupon_share,
    'Rome' as city,
    cast(null as boolean) as is_online_buyer,
    timestamp '2017-10-30' as last_order_at
from {{ ref('fct_orders') }}
group by customer_id
"""
SEED = "customer_id,cents\n1,100\n1,50\n2,10\n"


@pytest.fixture
def company(project: Project, declare: Declare) -> Project:
    """Two customers with orders, published as their models build them, and three segments; all of it committed."""
    dbt = project.dbt_project
    files = {
        "dbt_project.yml": SETTINGS,
        "seeds/raw_orders.csv": SEED,
        "models/fct_orders.sql": ORDERS,
        "models/marts/customers/dim_customer_traits.sql": TRAITS,
        "models/seg_big.sql": "select customer_id from {{ ref('fct_orders') }} where cents >= 100",
    }
    for name, text in files.items():
        (dbt / name).parent.mkdir(parents=True, exist_ok=True)
        (dbt / name).write_text(text)
    shutil.copy(REPOSITORY / "dbt_project/profiles.yml", dbt)
    declare("segments/frequent", "rule: {trait: orders_count, at_least: 2}")
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("segments/big", "model: seg_big")
    lately = datetime(2017, 10, 30)
    publish_customers(
        project,
        [(1, 2, 1.5, "Rome", None, lately), (2, 1, 0.1, "Rome", None, lately)],
        raw_orders=("customer_id bigint, cents bigint", [(1, 100), (1, 50), (2, 10)]),
        fct_orders=("customer_id bigint, cents bigint", [(1, 100), (1, 50), (2, 10)]),
        seg_big=("customer_id bigint", [(1,)]),
    )
    commit(project.root)
    return project


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_changed_model_moves_the_segments_that_read_its_columns(
    company: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One comparison with every kind of change in it: a seed, an expression, a model for itself."""
    monkeypatch.setenv("CDP_PROJECT", str(company.root))
    edit(company.dbt_project / "models/marts/customers/dim_customer_traits.sql", "count(*)", "count(*) + 1")
    edit(company.dbt_project / "models/seg_big.sql", "cents >= 100", "cents >= 10")
    standing = {file: file.read_bytes() for file in company.warehouse_folder.rglob("*") if file.is_file()}
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["segments", "diff", "main", "--json"])
    assert touched(result) == {
        "big": (["its model `seg_big` changed"], (1, 2, 1, 0)),
        "frequent": (["`orders_count` comes from changed model `dim_customer_traits`"], (1, 2, 1, 0)),
    }
    assert json.loads(result.output)["built"] == ["dim_customer_traits", "seg_big"]
    assert {file: file.read_bytes() for file in company.warehouse_folder.rglob("*") if file.is_file()} == standing
    assert not list((company.state / "scratch").iterdir())


@pytest.mark.proof
def test_a_published_generation_of_neither_side_is_built_for_both(company: Project) -> None:
    """What is published has other orders than the seed says at `main`, and than it says now."""
    pointer = company.warehouse_folder / "published.json"
    pointer.write_text(json.dumps({**json.loads(pointer.read_text()), "fingerprint": "another"}))
    edit(company.dbt_project / "seeds/raw_orders.csv", "2,10", "2,10\n2,10\n3,500")
    found = segments_difference(company, "main")
    moved = {each.segment: (each.why, (each.moved.before, each.moved.after)) for each in found.touched}
    assert moved == {
        "big": (("its model `seg_big` comes from changed model `raw_orders`",), (1, 2)),
        "frequent": (("`orders_count` comes from changed model `raw_orders`",), (1, 2)),
        "romans": (("`city` comes from changed model `raw_orders`",), (2, 3)),
    }
    assert found.built == ["dim_customer_traits", "fct_orders", "raw_orders", "seg_big"]


@pytest.mark.proof
def test_models_that_do_not_compile_are_told_in_the_words_of_dbt(company: Project) -> None:
    edit(company.dbt_project / "models/seg_big.sql", "ref('fct_orders')", "ref('fct_order')")
    with pytest.raises(CdpError, match=r"(?s)the models of the work tree do not compile:.*fct_order"):
        segments_difference(company, "main")


@pytest.mark.proof
def test_models_that_do_not_build_are_named_without_the_data(company: Project) -> None:
    edit(
        company.dbt_project / "models/seg_big.sql", "select customer_id", "select cast('anna' as bigint) as customer_id"
    )
    with pytest.raises(CdpError, match="the changed models of the work tree do not build: model seg_big: ") as caught:
        segments_difference(company, "main")
    assert "anna" not in str(caught.value)


def test_only_duckdb_has_such_copies(company: Project) -> None:
    edit(company.root / "cdp.yml", "name: shop", "name: shop\nwarehouse: {engine: postgres}")
    with pytest.raises(ConfigurationError, match="CDP_WAREHOUSE_URL"):
        segments_difference(Project.load(company.root), "main")


def manifest(macro: str) -> Mapping[str, Any]:
    def node(kind: str, name: str, materialized: str, *parents: str) -> dict[str, Any]:
        depends_on = {"nodes": [f"{kind}.cdp.{parent}" for parent in parents]}
        config = {"materialized": materialized}
        compiled = {"compiled_code": f"select 1 as {name}"} if kind == "model" else {}
        return {
            "resource_type": kind,
            "name": name,
            "package_name": "cdp",
            "config": config,
            "checksum": {"checksum": "c"},
            "depends_on": depends_on,
            **compiled,
        }

    macros = {
        "macro.cdp.materialization_clusters_default": {
            "macro_sql": "run",
            "depends_on": {"macros": ["macro.cdp.round", "macro.dbt.log"]},
        },
        "macro.cdp.round": {"macro_sql": macro, "depends_on": {"macros": []}},
    }
    nodes = {
        "model.cdp.plain": node("model", "plain", "table"),
        "model.cdp.clusters": node("model", "clusters", "clusters", "plain"),
        "seed.cdp.names": node("seed", "names", "seed"),
        "model.cdp.asleep": {"resource_type": "model", "name": "asleep"},
    }
    return {"nodes": nodes, "macros": macros}


def test_a_materialization_of_its_own_changes_with_its_macros_and_variables(company: Project, tmp_path: Path) -> None:
    def graph(macro: str) -> dict[str, str]:
        file = tmp_path / "manifest.json"
        file.write_text(json.dumps(manifest(macro)))
        found = read_graph(company, file)
        assert {name: model.statement for name, model in found.items()} == {
            "plain": "select 1 as plain",
            "clusters": None,
            "names": None,
        }
        assert found["clusters"].parents == {"plain"}
        return {name: model.text for name, model in found.items()}

    before = graph("select {{ var('least_cents') }}")
    other_macro = graph("select -{{ var('least_cents') }}")
    edit(company.dbt_project / "dbt_project.yml", "unread: 1", "unread: 2")
    assert graph("select {{ var('least_cents') }}") == before
    edit(company.dbt_project / "dbt_project.yml", "least_cents: 0", "least_cents: 1")
    other_variable = graph("select {{ var('least_cents') }}")
    for after in (other_macro, other_variable):
        assert [name for name in before if before[name] != after[name]] == ["clusters"]
