"""The trait sheet: which columns a rule may test."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.declarations.traits import Kind, load_traits
from cdp.errors import DeclarationError, Location
from cdp.project import Project


def sheet_of(project: Project, columns: str, model: str = "dim_customer_traits") -> Path:
    file = project.dbt_project / "models/marts/customers/_customers__models.yml"
    file.write_text(f"models:\n  - name: {model}\n    columns:\n{columns}")
    return project.dbt_project


@pytest.mark.parametrize(
    ("data_type", "kind"),
    [
        ("bigint", Kind.WHOLE),
        ("DECIMAL(18, 2)", Kind.NUMBER),
        ("double precision", Kind.NUMBER),
        ("float8", Kind.NUMBER),
        ("varchar(20)", Kind.TEXT),
        ("timestamp", Kind.TIMESTAMP),
        ("date", Kind.DATE),
        ("boolean", Kind.YES_NO),
    ],
)
def test_declared_types_are_understood(project: Project, data_type: str, kind: Kind) -> None:
    traits = load_traits(sheet_of(project, f"      - {{name: x, data_type: '{data_type}'}}\n"))
    assert traits.find("x", Location(Path("a.yml"))).kind is kind


def test_the_key_is_no_trait(project: Project) -> None:
    assert "customer_id" not in load_traits(project.dbt_project).traits


def test_a_column_of_another_type_is_refused_where_it_is_used(project: Project) -> None:
    traits = load_traits(sheet_of(project, "      - {name: x, data_type: json}\n"))
    with pytest.raises(DeclarationError, match=r"a\.yml:3: the trait `x` is of type json, which a rule cannot test"):
        traits.find("x", Location(Path("a.yml"), 3))


def test_a_column_without_a_type_is_refused(project: Project) -> None:
    with pytest.raises(DeclarationError, match="the column `x` has no `data_type`"):
        load_traits(sheet_of(project, "      - {name: x}\n"))


def test_a_project_without_the_trait_model_says_so(project: Project) -> None:
    with pytest.raises(DeclarationError, match="the model `dim_customer_traits` is not described here"):
        load_traits(sheet_of(project, "      - {name: x, data_type: bigint}\n", model="another"))
