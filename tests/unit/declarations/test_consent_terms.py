"""What can be consented to is declared once, and a mistake there is answered with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.declarations.consent_terms import load_consent_terms
from cdp.errors import DeclarationError
from tests.doubles.dbt_project import REPOSITORY

GOOD = ("purposes: [marketing]", "message_classes: [marketing, service]", "channels: {email: [email]}")


def declare(folder: Path, *terms: str) -> Path:
    (folder / "dbt_project.yml").write_text("vars:\n  consent:\n" + "".join(f"    {term}\n" for term in terms))
    return folder


def test_the_product_declares_what_its_models_ask() -> None:
    terms = load_consent_terms(REPOSITORY / "dbt_project")
    assert terms.channels == {"email": ["email"], "sms": ["phone"], "ads": ["email", "phone"]}


@pytest.mark.parametrize(
    ("place", "term", "told"),
    [
        (0, "purposes: []", "dbt_project.yml:3: "),
        (0, "purposes: [Marketing!]", "dbt_project.yml:3: "),
        (1, "message_classes: [service]", "dbt_project.yml:4: `message_classes`: `marketing` is missing"),
        (2, "channels: {fax: [number]}", "dbt_project.yml:5: "),
        (2, "chanels: {}", "dbt_project.yml:5: `chanels` is not a known key."),
    ],
)
def test_a_mistake_is_answered_with_its_line(tmp_path: Path, place: int, term: str, told: str) -> None:
    terms = [*GOOD]
    terms[place] = term
    with pytest.raises(DeclarationError) as refused:
        load_consent_terms(declare(tmp_path, *terms))
    assert told in str(refused.value)


def test_nothing_declared_is_told_with_what_to_declare(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("vars: {}\n")
    with pytest.raises(DeclarationError, match=r"`vars` says nothing about `consent`\. Declare its purposes"):
        load_consent_terms(tmp_path)
