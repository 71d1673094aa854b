"""Bad lines are set aside, each with its reason and its own line; good ones land as they were meant."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.doubles.inbox import Company

HEADER = "receipt_id;amount;closed_at;closed_on;cashier\r\n"


def test_a_till_file_lands_in_its_types(company: Company) -> None:
    lines = HEADER + "r1;1234,50;05.03.2017 10:00:00;05.03.2017;Иванова\r\nr2;;;;\r\n"
    company.deliver("receipts/1.csv", lines.encode("cp1251"))
    company.land_one("receipts")
    first, second = company.rows("receipts", "receipt_id, amount, closed_at, closed_on, cashier")
    assert first == ("r1", Decimal("1234.50"), datetime(2017, 3, 5, 10), date(2017, 3, 5), "Иванова")
    assert second == ("r2", None, None, None, None)


def test_bad_csv_lines_are_named_by_their_line_in_the_file(company: Company) -> None:
    lines = (
        HEADER + "r1;1,50;;;\r\n"
        "\r\n"  # 3: blank
        'r2;1,50;;;"two\r\nlines"\r\n'  # 4 and 5
        "r3;much;;;\r\n"  # 6
        "r4;1,50\r\n"  # 7: columns are missing
        "r5;1,50;;;;x\r\n"  # 8: and here too many
        ";1,50;;;\r\n"  # 9
        "r6;1,50;2017-03-05;;\r\n"  # 10
        "r7;1,50;;31.02.2017;\r\n"  # 11
    )
    company.deliver("receipts/1.csv", lines.encode("cp1251"))
    landed = company.land_one("receipts")
    assert [row[0] for row in company.rows("receipts", "receipt_id")] == ["r1", "r2"]
    assert landed.lines_in == 8
    assert company.rejects("line, reason") == [
        (6, "`amount` is not a decimal(18,2)"),
        (7, "malformed line: missing columns"),
        (8, "malformed line: too many columns"),
        (9, "the required `receipt_id` is empty"),
        (10, "`closed_at` is not a timestamp"),
        (11, "`closed_on` is not a date"),
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_name(company: Company) -> None:
    company.deliver("people/1.csv", b"\xef\xbb\xbfperson_id,email,orders\n1,a@example.com,2\n")
    company.land_one("people")
    assert company.rows("people", "person_id, orders") == [("1", 2)]


def test_undecodable_bytes_are_set_aside(company: Company) -> None:
    company.deliver("people/1.csv", b"person_id,email,orders\n1,a@example.com,2\n2,\xff\xfe,3\n3,,4\n")
    company.deliver("events/1.ndjson", b'{"messageId": "1"}\n{"messageId": "\xff"}\n{"messageId": "3"}\n')
    company.land()
    assert [row[0] for row in company.rows("people", "person_id")] == ["1", "3"]
    assert [row[0] for row in company.rows("events", "message_id")] == ["1", "3"]
    assert company.rejects("line, reason") == [(2, "not a JSON object in UTF-8"), (3, "bytes that are not utf-8")]


def test_bad_json_lines_are_named_by_their_line_in_the_file(company: Company) -> None:
    lines = [
        '{"messageId": "1", "timestamp": "2024-05-01T08:00:00Z"}',
        "",
        "[1, 2]",
        '"text"',
        "nonsense",
        '{"messageId": "2", "position": "first"}',
        '{"messageId": "3", "timestamp": "soon"}',
        '{"messageId": "4", "properties": "oops"}',
        '{"messageId": null}',
        '  {"messageId": "5", "properties": {"a": [1]}}',
        '{"messageId": "6"',
    ]
    company.deliver("events/1.ndjson", "\r\n".join(lines))
    landed = company.land_one("events")
    assert company.rows("events", "message_id, properties, _line") == [("1", None, 1), ("5", '{"a":[1]}', 10)]
    assert landed.lines_in == 10
    assert company.rejects("line, reason") == [
        (3, "not a JSON object in UTF-8"),
        (4, "not a JSON object in UTF-8"),
        (5, "not a JSON object in UTF-8"),
        (6, "`position` is not a bigint"),
        (7, "`timestamp` is not a timestamp"),
        (8, "`properties` is not a json"),
        (9, "the required `messageId` is empty"),
        (11, "not a JSON object in UTF-8"),
    ]


def test_a_rejected_line_is_kept_as_it_stood(company: Company) -> None:
    company.deliver("events/1.ndjson", '{"messageId": "1"}\n{"messageId":  "2", "position": "x"}\n')
    company.land()
    assert company.rejects("text") == [('{"messageId":  "2", "position": "x"}',)]


def test_a_nul_character_is_set_aside(company: Company) -> None:
    company.deliver("events/1.ndjson", b'{"messageId": "1"}\n{"messageId": "\0"}\n{"messageId": "a\\u0000b"}\n')
    landed = company.land_one("events")
    assert (landed.landed, landed.rejected) == (1, 2)
    assert company.rejects("line") == [(2,), (3,)]


def test_a_very_long_line_lands(company: Company) -> None:
    company.deliver("events/1.ndjson", '{"messageId": "1", "email": "' + "x" * 5_000_000 + '"}\n{"messageId": "2"}\n')
    assert company.land_one("events").landed == 2


def test_a_line_longer_than_the_limit_refuses_the_file(company: Company) -> None:
    company.deliver("events/1.ndjson", '{"messageId": "' + "x" * (33 << 20) + '"}\n')
    company.deliver("events/2.ndjson", '{"messageId": "2"}\n')
    landed = company.land_one("events")
    assert (landed.refused, landed.landed) == (1, 1)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-01T08:00:00Z", datetime(2024, 5, 1, 8)),
        ("2024-05-01T08:00:00+03:00", datetime(2024, 5, 1, 5)),
        ("2024-05-01 08:00:00-02", datetime(2024, 5, 1, 10)),
        ("2024-05-01T08:00:00.123456", datetime(2024, 5, 1, 8, 0, 0, 123456)),
        ("2024-05-01", datetime(2024, 5, 1)),
    ],
)
def test_timestamps_become_utc(company: Company, written: str, meant: datetime) -> None:
    company.deliver("events/1.ndjson", f'{{"messageId": "1", "timestamp": "{written}"}}\n')
    company.land_one("events")
    assert company.rows("events", "sent_at") == [(meant,)]


@pytest.mark.parametrize("written", ['"infinity"', '"2024-13-01"', '"tomorrow"', '{"at": 1}'])
def test_what_is_no_moment_is_set_aside(company: Company, written: str) -> None:
    company.deliver("events/1.ndjson", f'{{"messageId": "1", "timestamp": {written}}}\n{{"messageId": "2"}}')
    assert company.land_one("events").rejected == 1


@pytest.mark.parametrize(
    ("written", "meant"), [("7", 7), ('"7"', 7), ("7.0", 7), ("7.5", None), ('"7.5"', None), ('"seven"', None)]
)
def test_a_whole_number_is_never_rounded(company: Company, written: str, meant: int | None) -> None:
    company.deliver("events/1.ndjson", f'{{"messageId": "1", "position": {written}}}\n{{"messageId": "2"}}')
    company.land_one("events")
    numbers = [number for (number,) in company.rows("events", "position") if number is not None]
    assert numbers == ([] if meant is None else [meant])
    assert len(company.rejects()) == (meant is None)


def test_parquet_values_keep_their_meaning_in_any_time_zone(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    schema = pa.schema(
        {
            "product_id": pa.int64(),
            "price": pa.float64(),
            "listed_at": pa.timestamp("us", "UTC"),
            "details": pa.list_(pa.int64()),
        }
    )
    row = {"product_id": 7, "price": 1.1, "listed_at": datetime(2024, 5, 1, 8), "details": [1, 2]}
    company.deliver_parquet("products/1.parquet", [row], schema)
    company.land_one("products")
    landed = company.rows("products", "product_id, price, listed_at, details")
    assert landed == [("7", Decimal("1.10"), datetime(2024, 5, 1, 8), "[1,2]")]


def test_a_bad_parquet_row_is_named_by_its_ordinal(company: Company) -> None:
    company.deliver_parquet("products/1.parquet", [{"product_id": "a"}, {"product_id": None}, {"product_id": "c"}])
    company.land_one("products")
    assert company.rows("products", "product_id, _line") == [("a", 1), ("c", 3)]
    assert company.rejects("line, text") == [(2, '{"product_id":null}')]


def test_bad_elements_of_a_json_array_are_named_by_their_ordinal(company: Company) -> None:
    company.deliver("tickets/1.json", '[{"ticket_id": "1"}, {"ticket_id": "2", "score": "good"}, {"ticket_id": "3"}]')
    company.land_one("tickets")
    assert company.rows("tickets", "ticket_id, _line") == [("1", 1), ("3", 3)]
    assert company.rejects("line, reason") == [(2, "`score` is not a bigint")]
