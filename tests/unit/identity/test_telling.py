"""What people type and what sources deliver: `explain` and `show` take both as they come."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.errors import CdpError, Location
from cdp.identity.explaining.explanation import Explanation
from cdp.identity.explaining.subject import Subject, find_subject
from cdp.identity.explaining.telling import cell, headline, remarks
from tests.doubles.readers import MemoryReader


@pytest.fixture
def reader() -> MemoryReader:
    """Customer 1 with two records, of which the second was a customer; 3 is gone, and so is its record."""
    reader = MemoryReader()
    records = [("shop:order:1", 1, 1), ("web:cookie:2", 2, 1)]
    reader.load("int_identity__records", "record_key varchar, node_id bigint, customer_id bigint", records)
    reader.load("int_identity__nodes", "record_key varchar", [("shop:order:1",), ("web:cookie:2",), ("crm:contact:3",)])
    ids = [(1, 1, True), (2, 1, True), (3, None, True)]
    reader.load("dim_customer_ids", "issued_customer_id bigint, customer_id bigint, is_current boolean", ids)
    return reader


def test_a_record_its_customer_and_an_id_merged_since_are_found(reader: MemoryReader) -> None:
    assert find_subject(reader, "web:cookie:2") == Subject("web:cookie:2", 2, 1)
    assert find_subject(reader, "1") == Subject("shop:order:1", 1, 1)
    assert find_subject(reader, "2") == Subject("shop:order:1", 1, 1, replaced_id=2)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("shop:order:9", "there is no record `shop:order:9`"),
        ("", "there is no record ``"),
        ("１", "there is no record `１`"),
        ("-1", "there is no record `-1`"),
        ("99", "no customer has ever had the id 99"),
        ("9" * 30, "no customer has ever had the id 9"),
        ("3", "customer 3 is gone"),
        ("crm:contact:3", "has taken the record crm:contact:3 back"),
    ],
)
def test_who_is_not_there_is_told_in_a_sentence(reader: MemoryReader, given: str, told: str) -> None:
    with pytest.raises(CdpError) as refused:
        find_subject(reader, given)
    assert told in str(refused.value)


def test_what_sources_deliver_is_text_and_nothing_else() -> None:
    assert cell("email", "[/bold]a\x1b[31m\x00") == "email \\[/bold]a�[31m�"
    assert len(cell("x" * 1_000_000)) < 100


def test_two_records_are_told_on_a_line_with_the_line_to_add() -> None:
    one, other = Subject("shop:order:a,b\x1b", 1, 1), Subject(f"shop:order:{'c' * 1_000_000}", 2, 2)
    found = Explanation(one, other, None, [], [], None)
    (told,) = headline(found)
    assert told.startswith("shop:order:a,b� (customer 1) and shop:order:ccc")
    assert len(told) < 200
    *_, line = remarks(found, Location(Path("seeds/overrides.csv")))
    assert line.startswith('To join them, add to seeds/overrides.csv: "shop:order:a,b')
