"""Identity rules that contradict themselves are refused with the line; what the product declares is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.errors import DeclarationError
from cdp.identity.declaration import load_identity_rules
from tests.doubles.dbt_project import REPOSITORY

HEAD = """\
name: cdp
vars:
  identity:
    identifiers:
      email: {}
      card: {max_per_customer: 2}
    tiers:
"""
TAIL = """\
      - rules:
          - {name: email, identifier: email, max_customers: 5}
          - {name: card, identifier: card}
"""


def refusal(tmp_path: Path, text: str) -> tuple[int | None, str]:
    """Line and words of what is complained about first."""
    (tmp_path / "dbt_project.yml").write_text(text)
    with pytest.raises(DeclarationError) as refused:
        load_identity_rules(tmp_path)
    assert refused.value.where is not None
    return refused.value.where.line, str(refused.value)


def test_what_the_product_declares_is_sound() -> None:
    rules = load_identity_rules(REPOSITORY / "dbt_project")
    assert {"email", "card"} <= set(rules.identifiers)
    assert rules.tiers[0].rules[0].pairs == "steward"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{name: email, identifier: email}", "a second rule has `name: email`; the first is in line 9."),
        ("{name: phone, identifier: phone}", "the identifier `phone` is not declared"),
        ("{name: mail, identifier: emial}", "Did you mean `email`?"),
        ("{name: always_link, pairs: steward, max_records: 4}", "`max_records` has no meaning here"),
        ("{name: always_link, pairs: steward, within_days: 4}", "`within_days` has no meaning here"),
        ("{name: always_link, pairs: steward, identifier: email}", "either `identifier` or `pairs`"),
        ("{name: other, pairs: astrology}", "'steward' or 'matching'"),
        ("{name: nothing}", "either `identifier` or `pairs`"),
        ("{name: late, identifier: email, within_days: 30}", "there is no limit"),
        ("{name: none, identifier: email, max_records: 0}", "at least 1 is needed"),
        ("{name: none, identifier: email, max_records: true}", "write a whole number, such as `3`"),
        ("{name: odd, identifier: email, max_customers: 2, max_named_customers: 3}", "more than `max_customers`"),
        ("{name: odd, identifier: email, max_customers: 2, max_if_nameless: 3}", "more than `max_customers`"),
        ("{name: record, identifier: email}", "a rule that is always there"),
        ("{name: never_link, identifier: email}", "a rule that is always there"),
        ("{name: one, identifier: email, max_customers: 1}", "would link nobody"),
        ("{name: one, identifier: email, max_records: 1}", "would link nobody"),
        ("{name: ever, identifier: email, max_customers: 9, within_days: 1000000}", "at most 36,500 is allowed"),
        ("{name: again, identifier: card, max_customers: 9}", "the rule in line 10 links all that share `card`"),
        ("{name: e-mail, identifier: email}", "small letters and `_`"),
        ("{name: Mail2, identifier: email}", "small letters and `_`"),
        ("{name: sure, identifier: email, confidence: 1.5}", "at most 1.0 is allowed"),
        ("{name: unsure, identifier: email, confidence: -0.1}", "at least 0.0 is needed"),
        ("{name: misspelt, identifier: email, max_customer: 3}", "not a known key"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, rule: str, told: str) -> None:
    line, words = refusal(tmp_path, HEAD + TAIL + f"          - {rule}\n")
    assert line == 11
    assert told in words


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("{within_days: 30}", "there is none"),
        ("{max_per_customer: 3, within_days: 0}", "at least 1 is needed"),
        ("{max_per_customer: 3, within_days: 1000000}", "at most 36,500 is allowed"),
        ("{max_per_customer: 3, within_days: 1.5}", "write a whole number, such as `3`"),
        ("{max_per_customer: 3, within_days: '30'}", "write a whole number, such as `3`"),
        ("{max_per_customer: 3, in_days: 30}", "not a known key"),
    ],
)
def test_a_window_in_which_nothing_can_be_counted_is_refused(tmp_path: Path, declared: str, told: str) -> None:
    line, words = refusal(tmp_path, HEAD.replace("email: {}", f"email: {declared}") + TAIL)
    assert line == 5
    assert told in words


@pytest.mark.parametrize(
    "entry",
    [
        '{records: "web:%"}',
        '{records: "web:%", identifier: email}',
        '{records: "web:%", max_values: 2}',
        '{records: "web:%", identifier: email, max_values: 2, max_names: 1}',
        '{records: "web:%", max_names: 2}',
        '{records: "web:%", identifier: telephone, max_values: 1}',
        '{records: "it\'s", max_names: 1}',
    ],
)
def test_shared_records_are_counted_by_one_thing(tmp_path: Path, entry: str) -> None:
    text = HEAD.replace("    tiers:\n", f"    shared_records:\n      - {entry}\n    tiers:\n") + TAIL
    assert refusal(tmp_path, text)[0] == 8


def test_an_identifier_without_a_rule_is_refused(tmp_path: Path) -> None:
    line, words = refusal(tmp_path, HEAD.replace("      email: {}", "      email: {}\n      phone: {}") + TAIL)
    assert line == 6
    assert "no rule uses the identifier `phone`" in words


def test_an_identifier_cannot_be_called_like_a_column(tmp_path: Path) -> None:
    text = HEAD.replace("      email: {}", "      name_key: {}\n      email: {}") + TAIL
    assert refusal(tmp_path, text)[0] == 5


def test_every_contradiction_is_told_at_once(tmp_path: Path) -> None:
    _, words = refusal(tmp_path, HEAD + TAIL + "          - {name: card, identifier: loyalty}\n")
    assert len(words.splitlines()) == 2


@pytest.mark.parametrize("text", ["name: cdp\n", "vars: {}\n", "vars: []\n", "", "vars: {identity: }\n", "- a\n"])
def test_a_project_without_rules_is_refused(tmp_path: Path, text: str) -> None:
    assert "expected a mapping" in refusal(tmp_path, text)[1] or "`identity`" in refusal(tmp_path, text)[1]


def test_pairs_of_one_kind_have_one_rule(tmp_path: Path) -> None:
    twice = "          - {name: first, pairs: steward}\n          - {name: second, pairs: steward}\n"
    line, words = refusal(tmp_path, HEAD + TAIL + twice)
    assert line == 12
    assert "a second rule has `pairs: steward`; the first is in line 11." in words
