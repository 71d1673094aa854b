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


def test_a_model_that_reads_a_source_by_way_of_another_belongs_to_the_demo(tmp_path: Path) -> None:
    for path, sql in {
        "staging/crm/stg_crm__contacts": "select 1",
        "intermediate/int_crm__versions": "select * from {{ ref('stg_crm__contacts') }}",
        "intermediate/int_identity__crm_observations": "select * from {{ ref('int_crm__versions') }}",
        "marts/dim_customers": "{{ union_contributions('identity_sources', 'int_identity__%_observations') }}",
        "marts/activation/sync_esp__all": "select * from {{ ref('dim_customers') }}",
    }.items():
        file = tmp_path / f"{path}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql)
    assert demo_models(tmp_path) == {
        "stg_crm__contacts",
        "int_crm__versions",
        "int_identity__crm_observations",
        "sync_esp__all",
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
