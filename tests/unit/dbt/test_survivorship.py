"""Which value survives: a merge loses none, and a wrong declaration is refused by its path."""

from __future__ import annotations

import csv
from random import Random
from typing import Any
from zoneinfo import available_timezones

import duckdb
import jinja2
import pytest

from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.macros import Macros

DBT = REPOSITORY / "dbt_project"
MACRO_FILES = [DBT / "macros/profiles/survivorship.sql", DBT / "macros/portable/text.sql"]
MODEL = (DBT / "models/intermediate/profiles/int_profiles__attribute_values.sql").read_text(encoding="utf-8")
PROVENANCE = (DBT / "models/marts/customers/dim_customer_attributes.sql").read_text(encoding="utf-8")
SOURCES = ["shop", "crm", "web"]
WORDS = ["verified_first", "source_priority", "most_recent", "most_frequent", "longest"]
DECLARED: dict[str, Any] = {
    "order": ["source_priority", "most_recent"],
    "on_source_deletion": "forget",
    "attributes": {"name": {}, "city": {"order": ["most_frequent", "longest"], "on_source_deletion": "keep"}},
}
Facts = list[tuple[str, str, str, str, bool, str, int]]


class RefusedError(Exception):
    """What dbt raises where a macro calls a declaration wrong."""


class Refusing:
    """dbt's `exceptions`, as far as the macros use it."""

    def raise_compiler_error(self, message: str) -> None:
        raise RefusedError(message)


def macros(declared: dict[str, Any]) -> Macros:
    given = {"survivorship": declared, "profile_sources": SOURCES}
    return Macros(MACRO_FILES, lambda _: [], exceptions=Refusing(), var=given.__getitem__, ref=lambda name: name)


def rendered(model: str, declared: dict[str, Any]) -> str:
    template = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(model)
    return template.render(**macros(declared).context, config=lambda **_: "")


def random_facts(random: Random) -> Facts:
    """One row per record and attribute, with many values that agree and many moments that tie."""
    return [
        (
            f"record {number}",
            random.choice(["name", "city"]),
            random.choice(["Anna", "ANNA ", "Ann", "Anna P.", "Ёлка"]),
            random.choice(SOURCES),
            random.random() < 0.3,
            f"2024-01-0{random.randint(1, 3)} 00:00:00",
            number,
        )
        for number in range(random.randint(1, 12))
    ]


def answers(facts: Facts, owner: dict[str, int], deleted: set[str], declared: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of `dim_customer_attributes`."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table int_profiles__record_attributes (record_key varchar, attribute varchar, "
            "attribute_value varchar, source_name varchar, is_verified boolean, observed_at timestamp, _arrival bigint)"
        )
        connection.executemany("insert into int_profiles__record_attributes values (?, ?, ?, ?, ?, ?, ?)", facts)
        for table, gone in (("int_identity__records", False), ("int_profiles__deleted_records", True)):
            connection.execute(f"create table {table} (record_key varchar, customer_id bigint)")
            rows = [(key, owner[key]) for key in owner if (key in deleted) is gone]
            if rows:
                connection.executemany(f"insert into {table} values (?, ?)", rows)
        connection.execute(
            "create table survivorship_rules as select * from (values ('name', 'shop', 1), ('name', 'crm', 1), "
            "('city', 'crm', 2), ('city', 'shop', 1)) as rules (attribute, source_name, priority)"
        )
        connection.execute(f"create table int_profiles__attribute_values as {rendered(MODEL, declared)}")
        answered = connection.execute(rendered(PROVENANCE, declared))
        names = [column[0] for column in answered.description or []]
        return [dict(zip(names, row, strict=True)) for row in answered.fetchall()]


@pytest.mark.parametrize("seed", range(40))
def test_a_merge_loses_no_value(seed: int) -> None:
    """The candidates of a merged customer are those of the customers it was made of; one of the listed survives."""
    random = Random(seed)
    order = random.sample(WORDS, random.randint(1, len(WORDS)))
    declared = {**DECLARED, "order": order}
    facts = random_facts(random)
    records = [fact[0] for fact in facts]
    deleted = set(random.sample(records, len(records) // 4))
    apart = {record: random.randint(1, 3) for record in records}
    before = answers(facts, apart, deleted, declared)
    after = answers(random.sample(facts, len(facts)), dict.fromkeys(records, 1), deleted, declared)

    def said(rows: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        return {(row["record_key"], row["attribute"], row["attribute_value"]) for row in rows}

    assert said(before) == said(after)
    assert said(after) == {
        (key, attribute, value) for key, attribute, value, *_ in facts if key not in deleted or attribute == "city"
    }
    for rows in (before, after):
        groups = {(row["customer_id"], row["attribute"]) for row in rows if row["source_priority"] is not None}
        survivors = [(row["customer_id"], row["attribute"]) for row in rows if row["is_surviving"]]
        assert sorted(survivors) == sorted(groups)
        assert all(row["decided_by"] for row in rows)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"order": ["newest"]}, "vars.survivorship.order: `newest` is none of verified_first, source_priority"),
    ({"order": []}, "vars.survivorship.order: names each of its words once, and at least one"),
    ({"order": ["longest", "longest"]}, "vars.survivorship.order: names each of its words once"),
    ({"on_source_deletion": "drop"}, "vars.survivorship.on_source_deletion: `drop` is none of keep, forget"),
    ({"attributes": {"city": {"ordre": ["longest"]}}}, "vars.survivorship.attributes.city: `ordre` is none of order"),
    ({"attributes": {"city": {"order": ["oldest"]}}}, "vars.survivorship.attributes.city.order: `oldest` is none of"),
    ({"sources": {"tills": {}}}, "vars.survivorship.sources: `tills` is none of shop, crm, web"),
    ({"sources": {"crm": {"on_source_deletion": "hide"}}}, "sources.crm.on_source_deletion: `hide` is none of keep"),
    ({"atributes": {}}, "vars.survivorship: `atributes` is none of order"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_a_wrong_declaration_is_refused_by_its_path(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match=r"dbt_project\.yml") as refusal:
        macros({**DECLARED, **change}).survivorship()
    assert words in str(refusal.value)


def test_every_city_has_a_time_zone_that_exists() -> None:
    with (DBT / "seeds/city_time_zones.csv").open(encoding="utf-8") as file:
        zones = {row["time_zone"] for row in csv.DictReader(file)}
    assert zones <= available_timezones()
