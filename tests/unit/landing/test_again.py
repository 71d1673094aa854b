"""A backfill of a day: what was set aside then is looked at again, and what had landed never lands twice."""

from __future__ import annotations

import json
from datetime import date

import duckdb

from cdp.landing.again import days_with_something_set_aside, land_again
from cdp.landing.land import LandingResult
from tests.doubles.inbox import FILES, MORNING, Company

DAY = MORNING.date()
AGAIN = MORNING.replace(day=4)


def _again(company: Company, day: date = DAY) -> LandingResult:
    return land_again(company.project, AGAIN, [day])


def _event(number: int, position: object) -> str:
    return json.dumps({"messageId": f"m{number}", "email": "", "position": position}) + "\n"


def test_lines_that_are_good_now_land_and_the_others_do_not_land_twice(company: Company) -> None:
    company.deliver("events/1.ndjson", _event(1, 1) + _event(2, "first") + _event(3, 3))
    assert company.land().rejected == 1
    company.declare(
        "files", FILES.replace("{name: position, data_type: bigint}", "{name: position, data_type: varchar}")
    )
    result = _again(company)
    assert (result.landed, result.rejected) == (1, 0)
    assert company.rows("events", "message_id, _batch") == [("m1", 1), ("m3", 1), ("m2", 2)]


def test_what_is_still_bad_stays_aside_and_looking_twice_changes_nothing(company: Company) -> None:
    company.deliver("events/1.ndjson", _event(1, 1) + _event(2, "first"))
    company.land()
    for _ in range(2):
        result = _again(company)
        assert (result.landed, result.rejected) == (0, 1)
    assert company.rows("events", "message_id") == [("m1",)]
    assert company.land().batch is None


def test_a_refused_file_lands_whole_once_its_column_is_declared(company: Company) -> None:
    company.deliver("people/1.csv", "id,email\n1,\n2,\n")
    assert company.land().refused == 1
    company.declare(
        "files",
        FILES.replace(
            "{name: person_id, data_type: varchar, config: {meta: {required: true}}}",
            "{name: id, data_type: varchar, config: {meta: {required: true}}}",
        ),
    )
    assert _again(company).landed == 2
    assert _again(company).landed == 0
    assert len(company.rows("people")) == 2


def test_a_file_that_is_gone_or_of_another_day_is_left_out(company: Company) -> None:
    file = company.deliver("events/1.ndjson", _event(1, "first"))
    company.land()
    assert _again(company, date(2024, 4, 30)).tables == []
    file.unlink()
    assert _again(company).tables == []


def test_a_csv_file_that_landed_in_part_is_left_alone(company: Company) -> None:
    company.deliver("people/1.csv", "person_id,email,orders\n1,,2\n2,,x\n")
    company.land()
    assert _again(company).tables == []


def test_the_days_are_those_on_which_something_was_set_aside(company: Company) -> None:
    company.deliver("events/1.ndjson", _event(1, 1))
    company.land()
    with duckdb.connect() as connection:
        assert days_with_something_set_aside(company.lake, connection) == []
        company.deliver("events/2.ndjson", _event(2, "first"))
        company.land()
        assert days_with_something_set_aside(company.lake, connection) == [DAY]
