"""Declarations of sources that do not say what they must, named by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.declarations.sources import load_source_tables
from cdp.errors import DeclarationError
from tests.doubles.inbox import CRM, FILES, Company, check_slip_is_named


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_tables_come_in_the_order_of_their_names(company: Company) -> None:
    company.declare("crm", CRM)
    names = [table.qualified_name for table in load_source_tables(company.project.dbt_project)]
    assert names == sorted(names)
    assert len(names) == 6


@pytest.mark.parametrize(
    ("right", "wrong", "line", "complaint"),
    [
        ("name: raw_crm", "name: crm", 3, "must be named `raw_<source>`"),
        ("format: sql", "format: excel", 6, "format"),
        ("key: [contact_id]", "key: []", 6, "key"),
        ("key: [contact_id]", "key: [id]", 6, "the key column `id` is not among the columns"),
        ("key: [contact_id]", "key: [city]", 6, "the key column `city` is not among the required columns"),
        ("table: contacts,", "table: contacts, where: x,", 6, "is not a known key"),
        ("table: contacts", 'table: "contacts; drop"', 6, "table"),
        ("data_type: date", "data_type: money", 10, "`money` is none of varchar, bigint"),
        ("{landing:", "{landin:", 6, "Did you mean `landing`?"),
        ("tables:", "tables: {}\n    tables_:", 4, "`sources.0.tables`: write a list, such as"),
        ("{name: city,", '{name: "City!",', 9, "name"),
    ],
)
def test_a_wrong_declaration_is_named_by_its_line(
    company: Company, right: str, wrong: str, line: int, complaint: str
) -> None:
    check_slip_is_named(company, "crm", CRM, (right, wrong), line, complaint)


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("encoding: windows-1251", "encoding: klingon", "no encoding"),
        ('delimiter: ";"', 'delimiter: ";;"', "delimiter"),
        ('decimal: ","', 'decimal: "_"', "decimal"),
    ],
)
def test_a_wrong_dialect_of_csv_is_refused(company: Company, right: str, wrong: str, complaint: str) -> None:
    company.declare("files", FILES.replace(right, wrong))
    with pytest.raises(DeclarationError, match=complaint):
        load_source_tables(company.project.dbt_project)


def test_a_file_that_is_a_list_is_refused(company: Company) -> None:
    company.declare("crm", "- name: raw_crm\n")
    with pytest.raises(DeclarationError, match="expected a mapping"):
        load_source_tables(company.project.dbt_project)


def test_a_table_is_declared_once(company: Company) -> None:
    company.declare("crm", CRM)
    company.declare("crm_again", CRM)
    with pytest.raises(DeclarationError, match=r"raw_crm\.contacts is declared a second time; the first is at .*:5"):
        load_source_tables(company.project.dbt_project)


def test_a_table_without_landing_is_somebody_elses(company: Company) -> None:
    company.declare(
        "crm", CRM.replace("config: {meta: {landing: {format: sql, table: contacts, key: [contact_id]}}}", "")
    )
    assert "raw_crm.contacts" not in {table.qualified_name for table in load_source_tables(company.project.dbt_project)}
