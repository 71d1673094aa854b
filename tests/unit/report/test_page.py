"""The report opens from disk, needs nothing beside itself, and shows what it is given."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from cdp.report.contents import Contents
from cdp.report.figures import Series, member_counts, weeks
from cdp.report.page import render

HOSTILE = "<script>alert(1)</script>"
VOID = {"meta", "br", "hr", "img", "input", "link"}


def segment(name: str, members: int) -> dict[str, Any]:
    return {
        "segment_name": name,
        "owner": "crm",
        "description": HOSTILE,
        "members_count": members,
        "entered_count": 3,
        "left_count": 1,
    }


def flow(name: str, day: int, members: int) -> dict[str, Any]:
    return {
        "segment_name": name,
        "moved_on": date(2017, 5, day),
        "entered_count": 1,
        "left_count": 0,
        "members_count": members,
    }


def cart_day(day: int, completed: int, abandoned: int, recovered: int) -> dict[str, Any]:
    return {
        "abandoned_on": date(2017, 5, day),
        "completed_count": completed,
        "abandoned_count": abandoned,
        "recovered_count": recovered,
    }


def overlap(name: str, other: str, customers: int) -> dict[str, Any]:
    return {"segment_name": name, "other_segment_name": other, "customers_count": customers}


EMPTY = Contents(datetime(2017, 5, 9), 3, [], [], [], [], [], [], [], [], [], [])
FULL = Contents(
    as_of=datetime(2017, 5, 9, 6, 30),
    generation=3,
    months=[
        {
            "month_on": date(2017, 4, 1),
            "new_count": 900,
            "customers_count": 900,
            "active_count": 900,
            "buyers_count": 1,
        },
        {
            "month_on": date(2017, 5, 1),
            "new_count": 334,
            "customers_count": 1234,
            "active_count": 500,
            "buyers_count": 77,
        },
    ],
    rfm=[{"recency_score": 5, "frequency_score": 4, "customers_count": 42, "net_revenue_cents": 123_456}],
    segments=[segment("big", 300), segment("small", 20)],
    flows=[flow("big", 1, 290), flow("big", 3, 300), flow("small", 2, 20)],
    overlaps=[
        overlap("big", "big", 300),
        overlap("big", "small", 20),
        overlap("small", "small", 20),
        overlap("small", "big", 20),
    ],
    reach=[
        {
            "channel": "email",
            "purpose": "marketing",
            "message_class": "marketing",
            "customers_count": 1234,
            "with_address_count": 1000,
            "granted_count": 400,
            "refused_count": 100,
            "unknown_count": 500,
            "reachable_count": 390,
        }
    ],
    funnels=[{"audience_name": "news", "in_segment": 300, "is_reachable": 200}],
    completeness=[{"attribute": "birth_date", "known_count": 617, "customers_count": 1234}],
    carts=[cart_day(1, 5, 15, 3), cart_day(7, 5, 5, 0), cart_day(8, 1, 0, 0)],
    checks=[
        {
            "boundary": "customers",
            "table_name": "dim_customers",
            "checked_at": datetime(2017, 5, 9, 6, 30),
            "passed_count": 7,
            "checks_count": 8,
            "told": "dim_customers.rows failed. far fewer rows than usual",
        }
    ],
)


class Balanced(HTMLParser):
    """Every tag that opens is closed, in order; what the page loads is collected."""

    def __init__(self) -> None:
        super().__init__()
        self.standing: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.standing.append(tag)
        self.loaded += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset", "action"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.standing.pop() == tag


@pytest.mark.parametrize("contents", [EMPTY, FULL], ids=["nothing yet", "everything"])
def test_the_page_is_whole_and_loads_nothing(contents: Contents) -> None:
    page, parsed = render(contents, "Shop", "EUR"), Balanced()
    parsed.feed(page)
    assert parsed.standing == []
    assert parsed.loaded == []
    assert not re.search(r"https?:|url\(|@import|<script", page)


def test_it_shows_the_numbers() -> None:
    page = render(FULL, "Shop", "EUR")
    months, money, shares = ("1,234 customers", "77"), ("1,235", "in EUR"), ("390", "617", "50%")
    for shown in (*months, *money, *shares, "Week of 01 May: 20 abandoned (67%)", "far fewer rows than usual"):
        assert shown in page


def test_a_narrow_screen_is_told_what_each_number_is_of() -> None:
    for table in re.findall(r'<table class="cards.*?</table>', render(FULL, "Shop", "EUR"), re.DOTALL):
        assert "<td" in table
        assert not re.findall(r"<td(?![^>]*data-of=)[^>]*>", table)


def test_what_a_person_wrote_is_text() -> None:
    assert HOSTILE not in render(FULL, HOSTILE, "EUR")


def test_a_segment_that_nobody_is_in_has_no_row_in_the_overlaps() -> None:
    page = render(replace(FULL, segments=[*FULL.segments, segment("nobody", 0)]), "Shop", "EUR")
    assert page.count('<th class="turned">') == 2
    assert "The 2 largest of 3 segments." in page


def test_days_become_weeks_that_begin_on_mondays() -> None:
    found = weeks(FULL.carts)
    assert [(week["week_on"], week["abandoned_count"]) for week in found] == [
        (date(2017, 5, 1), 20),
        (date(2017, 5, 8), 0),
    ]
    assert found[0]["rate"] == pytest.approx(20 / 30)


def test_members_stay_as_many_on_days_when_nobody_moves() -> None:
    assert member_counts(FULL) == {"big": [290, 290, 300], "small": [0, 20, 20]}


def test_points_stay_in_their_box() -> None:
    series = Series([0, 5, 10], 100, 50)
    assert series.line == "0.0,50.0 50.0,25.0 100.0,0.0"
    assert Series([], 100, 50).area == ""
    assert Series([0], 100, 50).line == "0.0,50.0"
