"""Where a source shows addresses and which rows suppress one: wrong declarations are named by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.declarations.addresses import AddressKind, ShownAddress
from cdp.declarations.sources import load_source_tables
from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.inbox import Company, check_slip_is_named

MAILS = """\
version: 2
sources:
  - name: raw_mails
    tables:
      - name: events
        config:
          meta:
            landing: {format: ndjson, files: "*.ndjson"}
            suppresses:
              bounced: {address: email, when: {event: bounce}, at: sent_at}
        columns:
          - {name: email, data_type: varchar, config: {meta: {address: email}}}
          - {name: either, data_type: varchar, config: {meta: {address: [email, phone]}}}
          - {name: traits, data_type: json, config: {meta: {address: {home.phone: phone}}}}
          - {name: event, data_type: varchar}
          - {name: sent_at, data_type: timestamp}
"""
EMAIL, PHONE = AddressKind.EMAIL, AddressKind.PHONE


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_an_address_is_in_a_column_or_at_a_path_of_its_json(company: Company) -> None:
    company.declare("mails", MAILS)
    (table,) = (table for table in load_source_tables(company.project.dbt_project) if table.source == "mails")
    assert [column.addresses for column in table.columns if column.addresses] == [
        (ShownAddress(EMAIL),),
        (ShownAddress(EMAIL), ShownAddress(PHONE)),
        (ShownAddress(PHONE, "home.phone"),),
    ]
    assert [(reason, said.address, said.at, said.when) for reason, said in table.suppresses.items()] == [
        ("bounced", "email", "sent_at", {"event": "bounce"})
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "complaint"),
    [
        ("{address: email}}}\n", "{address: fax}}}\n", 12, "`fax` is none of email and phone"),
        ("{address: email}}}\n", "{address: []}}}\n", 12, "write `email` or `phone`"),
        ("{address: email}}}\n", "{addres: email}}}\n", 12, "is not a known key"),
        ("{address: email}}}\n", "{address: {a: email}}}}\n", 12, "only text has one itself"),
        ("{home.phone: phone}", "phone", 14, "is a mapping of paths"),
        ("{home.phone: phone}", '{"a\')": phone}', 14, "write `email` or `phone`"),
        (
            "data_type: varchar, config: {meta: {address: email}",
            "data_type: date, config: {meta: {address: email}",
            12,
            "a date",
        ),
        ("suppresses:", "supresses:", 9, "nothing of this table would suppress anybody. Did you mean `suppresses`?"),
        ("bounced:", "bored:", 10, "bored"),
        ("at: sent_at", "at: sent_on", 10, "`sent_on` is not among the columns"),
        ("at: sent_at", "at: event", 10, "the column `event` is no timestamp"),
        ("{address: email, when", "{address: either, when", 10, "`either` is not declared with one `address`"),
        ("{address: email, when", "{address: event, when", 10, "`event` is not declared with one `address`"),
        ("when: {event: bounce}", "when: {}", 10, "when"),
    ],
)
def test_a_wrong_declaration_is_named_by_its_line(
    company: Company, right: str, wrong: str, line: int, complaint: str
) -> None:
    check_slip_is_named(company, "mails", MAILS, (right, wrong), line, complaint)


def test_every_address_that_staging_normalises_is_declared() -> None:
    """What a model reads as an address, and landing does not know as one, would come back unseen after an erasure."""
    staging = REPOSITORY / "dbt_project" / "models" / "staging"
    normalised = {
        (file.parent.name, kind)
        for file in staging.rglob("stg_*.sql")
        for kind in AddressKind
        if f"normalise_{kind}(" in file.read_text(encoding="utf-8")
    }
    declared = {
        (table.source, address.kind)
        for table in load_source_tables(REPOSITORY / "dbt_project")
        for column in table.columns
        for address in column.addresses
    }
    assert normalised == declared
