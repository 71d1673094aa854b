"""What of the product's dbt project a company of its own begins with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cdp.errors import ConfigurationError
from cdp.starter.shared_models import PRODUCT, copy_shared_models, demo_models, with_variables, without_models

DESCRIBED = """\
version: 2

models:
  - name: mine
    description: Mine.

  - name: theirs
    description: Theirs.
    columns:
      - name: theirs
"""


def test_only_contributions_name_a_source() -> None:
    """A shared model that read a source of the demo would be missing from every other company."""
    demo = demo_models(PRODUCT / "models")
    sources = "|".join(folder.name for folder in (PRODUCT / "models" / "staging").iterdir())
    of_a_source = re.compile(rf"stg_\w+|int_({sources})__\w+|int_\w+?__({sources})(_\w+)?")
    own = re.compile(r"sync_\w+|seg_\w+")
    assert {name for name in demo if not of_a_source.fullmatch(name) and not own.fullmatch(name)} == set()


PROJECT = {
    "dbt_project.yml": "vars:\n  order_sources: [tills]\n",
    "target/manifest.json": "{}",
    "seeds/rules.csv": "a,b\n",
    "models/staging/crm/_crm__sources.yml": "sources: []\n",
    "models/staging/crm/stg_crm__contacts.sql": "select 1",
    "models/intermediate/int_crm__versions.sql": "select * from {{ ref('stg_crm__contacts') }}",
    "models/intermediate/int_identity__crm_observations.sql": "select * from {{ ref('int_crm__versions') }}",
    "models/intermediate/_versions__unit_tests.yml": "unit_tests:\n  - name: newest\n    model: int_crm__versions\n",
    "models/marts/dim_customers.sql": "{{ union_contributions('identity_sources', 'int_identity__%_observations') }}",
    "models/marts/_dim_customers__unit_tests.yml": "unit_tests:\n  - name: one_row\n    model: dim_customers\n",
    "models/marts/activation/sync_esp__all.sql": "select * from {{ ref('dim_customers') }}",
    "models/marts/activation/_activation__models.yml": "models:\n  - name: sync_esp__all\n",
}


@pytest.fixture
def product(tmp_path: Path) -> Path:
    for path, text in PROJECT.items():
        file = tmp_path / "product" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "product"


def test_a_model_that_reads_a_source_by_way_of_another_belongs_to_the_demo(product: Path) -> None:
    assert demo_models(product / "models") == {
        "stg_crm__contacts",
        "int_crm__versions",
        "int_identity__crm_observations",
        "sync_esp__all",
    }


def test_what_speaks_of_the_demo_stays_behind(product: Path, tmp_path: Path) -> None:
    copy_shared_models(tmp_path / "new", {}, product)
    assert {str(file.relative_to(tmp_path / "new")) for file in (tmp_path / "new").rglob("*.*")} == {
        "dbt_project.yml",
        "seeds/rules.csv",
        "models/marts/dim_customers.sql",
        "models/marts/_dim_customers__unit_tests.yml",
    }


def test_lists_of_sources_are_empty_where_nothing_is_given() -> None:
    settings = "flags:\n  partial_parse: true\nvars:\n  order_sources: [shop, pos]\n  event_sources: [web]\n"
    assert with_variables(settings, {"order_sources": "[tills]"}) == (
        "flags:\n  partial_parse: true\nvars:\n  order_sources: [tills]\n  event_sources: []\n"
    )


def test_descriptions_of_absent_models_go() -> None:
    assert without_models(DESCRIBED, {"theirs"}) == DESCRIBED[: DESCRIBED.index("\n  - name: theirs")]
    assert without_models(DESCRIBED, set()) == DESCRIBED
    assert without_models(DESCRIBED, {"mine", "theirs"}) == ""


def test_without_the_product_beside_it_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="from a clone"):
        copy_shared_models(tmp_path / "new", {}, product=tmp_path / "nowhere")
