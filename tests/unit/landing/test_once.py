"""Every file once, by its content; whole, or not at all."""

from __future__ import annotations

import os

import duckdb
import pytest

from tests.doubles.inbox import FILES, Company, ndjson

TWO_PEOPLE = "person_id,email,orders\n1,a@example.com,2\n2,,3\n"


def test_a_file_lands_once(company: Company) -> None:
    company.deliver("people/1.csv", TWO_PEOPLE)
    assert company.land().batch == 1
    assert company.land().batch is None
    assert company.rows("people", "person_id, email, orders") == [("1", "a@example.com", 2), ("2", None, 3)]


def test_a_touched_file_is_the_same_file(company: Company) -> None:
    file = company.deliver("people/1.csv", TWO_PEOPLE)
    company.land()
    os.utime(file, ns=(1, 1))
    assert company.land_one("people").duplicates == 1
    assert len(company.rows("people")) == 2


def test_the_same_bytes_under_another_name_are_a_duplicate(company: Company) -> None:
    company.deliver("people/1.csv", TWO_PEOPLE)
    company.deliver("people/2.csv", TWO_PEOPLE)
    company.land()
    company.deliver("people/3.csv", TWO_PEOPLE)
    company.land()
    assert [status for _, status in company.catalog()] == ["landed", "duplicate", "duplicate"]
    assert len(company.rows("people")) == 2


def test_the_same_bytes_land_in_each_table_they_are_for(company: Company) -> None:
    company.deliver("people/1.csv", "person_id,receipt_id\n1,2\n")
    company.deliver("receipts/1.csv", "person_id,receipt_id\n1,2\n")
    company.declare("files", FILES.replace('delimiter: ";", ', ""))
    company.land()
    assert dict(company.catalog()) == {"people/1.csv": "landed", "receipts/1.csv": "landed"}


def test_new_bytes_under_the_same_name_are_a_new_file(company: Company) -> None:
    company.deliver("people/1.csv", TWO_PEOPLE)
    company.land()
    company.deliver("people/1.csv", "person_id,email,orders\n3,,\n")
    company.land()
    assert [row[0] for row in company.rows("people", "person_id")] == ["1", "2", "3"]


def test_a_refused_file_lands_once_it_is_repaired(company: Company) -> None:
    company.deliver("people/1.csv", "name\nx\n")
    assert company.land_one("people").refused == 1
    assert company.land().batch is None
    company.deliver("people/1.csv", TWO_PEOPLE)
    assert company.land_one("people").landed == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people/x.csv", ""),
        ("people/x.csv", "a,a\n1,2\n"),
        ("people/x.csv", 'person_id,email,orders\n1,"never closed,2\n2,,3\n'),
        ("people/x.csv", 'person_id,email,orders\n1,"of two\r\nkinds of line ends",2\n'),
        ("tickets/x.json", '[{"ticket_id": "1"'),
        ("tickets/x.json", "nonsense"),
        ("products/x.parquet", "PAR1 not quite"),
        ("products/x.parquet", ""),
    ],
)
def test_an_unreadable_file_is_refused_alone(company: Company, name: str, content: str) -> None:
    folder, _, ending = name.partition("/x.")
    good = {
        "people": TWO_PEOPLE,
        "tickets": '[{"ticket_id": "1"}, {"ticket_id": "2"}]',
    }
    for position in (0, 9):
        if folder == "products":
            rows = [{"product_id": f"{position}{number}"} for number in range(2)]
            company.deliver_parquet(f"products/{position}.parquet", rows)
        else:
            company.deliver(f"{folder}/{position}.{ending}", good[folder] + "\n" * position)
    company.deliver(name.replace("x.", "5."), content)
    landed = company.land_one(folder)
    assert (landed.files, landed.refused, landed.landed, landed.rejected) == (3, 1, 4, 0)
    assert landed.refusals[0].startswith(f"{folder}/5.{ending}: ")
    assert "Error" not in landed.refusals[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people/1.csv", "email,orders\na@example.com,1\nb@example.com,2\n"),
        ("people/1.csv", "Person_Id,email\n1,a@example.com\n"),
        ("events/1.ndjson", '{"email": "a@example.com"}\n{"email": "b@example.com"}\nbroken\n'),
        ("tickets/1.json", '[{"score": 1}]'),
    ],
)
def test_a_file_without_a_required_column_is_refused_whole(company: Company, name: str, content: str) -> None:
    company.deliver(name, content)
    table = name.partition("/")[0]
    landed = company.land_one(table)
    assert (landed.refused, landed.landed, landed.rejected) == (1, 0, 0)
    assert "the required column `" in landed.refusals[0]
    assert company.rows(table) == []
    assert company.rejects() == []


def test_a_parquet_file_without_a_required_column_is_refused_beside_a_good_one(company: Company) -> None:
    company.deliver_parquet("products/1.parquet", [{"price": 1.5}])
    company.deliver_parquet("products/2.parquet", [{"product_id": "a", "price": 2.5}])
    landed = company.land_one("products")
    assert landed.refusals == ("products/1.parquet: the required column `product_id` is missing",)
    assert [row[0] for row in company.rows("products", "product_id")] == ["a"]


def test_parquet_files_that_disagree_on_types_both_land(company: Company) -> None:
    company.deliver_parquet("products/1.parquet", [{"product_id": "a", "details": {"b": 1}}])
    company.deliver_parquet("products/2.parquet", [{"product_id": "b", "details": 7}])
    assert company.land_one("products").landed == 2
    assert company.rows("products", "product_id, details") == [("a", '{"b":1}'), ("b", "7")]


@pytest.mark.parametrize(
    ("name", "content"),
    [("people/1.csv", "person_id,email,orders\n"), ("events/1.ndjson", ""), ("tickets/1.json", "[]")],
)
def test_a_file_without_records_lands_with_none(company: Company, name: str, content: str) -> None:
    company.deliver(name, content)
    landed = company.land_one(name.partition("/")[0])
    assert (landed.files, landed.refused, landed.lines_in) == (1, 0, 0)
    assert company.land().batch is None


def test_a_file_of_rejects_alone_leaves_no_part(company: Company) -> None:
    company.deliver("events/1.ndjson", "[1]\nnope\n")
    landed = company.land_one("events")
    assert (landed.landed, landed.rejected, landed.refused) == (0, 2, 0)
    assert company.lake.parts("files", "events") == []


def test_files_that_are_still_being_written_wait(company: Company) -> None:
    for name in ("people/1.csv.part", "people/.2.csv", "people/3.csv.tmp"):
        company.deliver(name, TWO_PEOPLE)
    assert company.land().batch is None


def test_arrival_grows_over_batches_files_and_lines(company: Company) -> None:
    for batch in range(3):
        for file in range(3):
            lines = [{"messageId": f"{batch}{file}{line}"} for line in range(3)]
            company.deliver(f"events/{batch}/{file}.ndjson", ndjson(lines))
        company.deliver(f"people/{batch}.csv", f"person_id\n{batch}\n")
        company.land()
    expected = [f"{batch}{file}{line}" for batch in range(3) for file in range(3) for line in range(3)]
    assert [row[0] for row in company.rows("events", "message_id")] == expected
    parts = [str(part) for table in ("events", "people") for part in company.lake.parts("files", table)]
    arrivals = duckdb.read_parquet(parts, union_by_name=True).order("_batch, _file, _line").project("_arrival")
    numbers = [number for (number,) in arrivals.fetchall()]
    assert numbers == sorted(set(numbers))
