"""Lines in are landed plus rejected, whatever the mix; what landed are the good lines, in their order."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.doubles.inbox import Company

FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# U+FFFD is what bytes that do not decode become: it is set aside.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd"), max_size=8
) | st.sampled_from(['"', '""', "a,b", "two\nlines", " padded ", "'", "{}", "null", "#", "\\", "\\n", "🎄"])
# None is a bad line.
LINES = st.lists(st.none() | TEXTS, max_size=12)


def csv_line(number: int, text: str | None) -> str:
    if text is None:
        return [f"{number},only\n", f"{number},,many\n", ",,1\n", f"{number},,1,2,3\n"][number % 4]
    return f'{number},"{text.replace(chr(34), chr(34) * 2)}",{number}\n'


def json_line(number: int, text: str | None) -> str:
    if text is None:
        return ["nonsense\n", "[1]\n", '{"email": "x"}\n', f'{{"messageId": "{number}", "position": "x"}}\n'][
            number % 4
        ]
    return json.dumps({"messageId": str(number), "email": text}, ensure_ascii=number % 2 == 0) + "\n"


def json_element(number: int, text: str | None) -> str:
    if text is None:
        return ["7", "[1]", '{"email": "x"}', f'{{"ticket_id": "{number}", "score": "x"}}'][number % 4]
    return json.dumps({"ticket_id": str(number), "email": text})


@FEW
@given(LINES)
def test_csv(lines: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        company = Company(Path(folder))
        records = "".join(csv_line(number, text) for number, text in enumerate(lines))
        company.deliver("people/1.csv", "person_id,email,orders\n-1,first,1\n" + records)
        landed = company.land_one("people")
        good = [(str(number), text or None) for number, text in enumerate(lines) if text is not None]
        assert company.rows("people", "person_id, email") == [("-1", "first"), *good]
        assert (landed.landed, landed.lines_in) == (len(good) + 1, len(lines) + 1)
        assert len(company.rejects()) == landed.rejected


@FEW
@given(LINES)
def test_ndjson(lines: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        company = Company(Path(folder))
        records = "".join(json_line(number, text) for number, text in enumerate(lines))
        company.deliver("events/1.ndjson", '{"messageId": "-1", "email": "first"}\n' + records)
        landed = company.land_one("events")
        good = [(str(number), text, number + 2) for number, text in enumerate(lines) if text is not None]
        assert company.rows("events", "message_id, email, _line") == [("-1", "first", 1), *good]
        assert landed.lines_in == len(lines) + 1
        assert company.rejects("line") == [(number + 2,) for number, text in enumerate(lines) if text is None]


@FEW
@given(LINES)
def test_json_array(lines: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        company = Company(Path(folder))
        elements = ", ".join(json_element(number, text) for number, text in enumerate(lines))
        company.deliver(
            "tickets/1.json", '[{"ticket_id": "-1", "email": "first"}' + ", " * bool(lines) + elements + "]"
        )
        landed = company.land_one("tickets")
        good = [(str(number), text) for number, text in enumerate(lines) if text is not None]
        assert company.rows("tickets", "ticket_id, email") == [("-1", "first"), *good]
        assert landed.lines_in == len(lines) + 1


@FEW
@given(LINES)
def test_parquet(lines: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        company = Company(Path(folder))
        rows = [{"product_id": text, "place": number} for number, text in enumerate(["first", *lines])]
        company.deliver_parquet("products/1.parquet", rows)
        landed = company.land_one("products")
        good = [text for text in ["first", *lines] if text and text.strip(" ")]
        assert [text for (text,) in company.rows("products", "product_id")] == good
        assert landed.lines_in == len(lines) + 1
