"""A match model that does not say what it must is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cdp.errors import DeclarationError
from cdp.identity.match_model import KNOWN_ATTRIBUTES, KNOWN_COLUMNS, load_match_model
from tests.doubles.dbt_project import REPOSITORY

PRODUCT = REPOSITORY / "dbt_project"

MODEL = """\
blocking:
  - [email]
comparisons:
  email:
    needs: [email]
    levels:
      - {name: same, same: [email], term_frequency: email}
      - {name: similar, similar: {email_name: 0.75}}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "model.yml"
    file.write_text(text)
    return file


def test_the_products_own_model_is_valid() -> None:
    model = load_match_model(PRODUCT / "dbt_project.yml")
    assert {"given_name", "family_name", "birth_date", "address"} <= set(model.comparisons)


def test_what_dbt_gets_is_what_was_declared(tmp_path: Path) -> None:
    assert load_match_model(written(tmp_path, MODEL)).as_variable() == {
        **yaml.safe_load(MODEL),
        "largest_block": 60,
        "link_above": 0.5,
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "complaint"),
    [
        ("[email]\ncomp", "[emial]\ncomp", 2, "Did you mean `email`?"),
        ("needs: [email]", "needs: []", 5, "at least 1"),
        ("similar: {email_name: 0.75}", "similar: {email_name: 1.75}", 8, "less than 1"),
        ("same: [email], ", "similar: {email: 0.5}, ", 7, "so the level must ask for the same one"),
        (", similar: {email_name: 0.75}", "", 8, "either conditions or `any`"),
        ("name: similar", "name: same", 5, "written twice"),
        ("name: similar", 'name: "o\'clock"', 8, "write what has the form"),
        ("similar: {email_name", "sounds: {email_name", 8, "not a known key"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, complaint: str) -> None:
    assert old in MODEL
    with pytest.raises(DeclarationError, match=r"model\.yml") as refused:
        load_match_model(written(tmp_path, MODEL.replace(old, new)))
    assert complaint in str(refused.value)
    assert refused.value.where is not None
    assert abs((refused.value.where.line or 0) - line) <= 1


def test_own_attributes_are_columns_to_compare(tmp_path: Path) -> None:
    model = load_match_model(
        written(tmp_path, MODEL.replace("- [email]", "- [tax_number]") + "attributes: [tax_number]\n")
    )
    assert model.attributes == ["tax_number"]


@pytest.mark.parametrize(
    ("macro", "names"),
    [("contributions/match_people.sql", KNOWN_ATTRIBUTES), ("identity/matching/match_levels.sql", KNOWN_COLUMNS)],
)
def test_macros_and_python_know_the_same_names(macro: str, names: tuple[str, ...]) -> None:
    text = (PRODUCT / "macros" / macro).read_text()
    listed = text.split("return([", 1)[1].split("]", 1)[0]
    assert [name.strip().strip("'") for name in listed.split(",")] == list(names)
