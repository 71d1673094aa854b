"""The picture of a customer: what is in it, that nothing overlaps, and that it is always the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

from cdp.identity.explaining.links import Link
from cdp.identity.explaining.overview import overview_of
from cdp.identity.picture.contents import MOST_BOXES, MOST_CIRCLES, Contents, picture_contents
from cdp.identity.picture.layout import BOX_HEIGHT, BOX_WIDTH, layout
from cdp.identity.picture.svg import picture_svg
from tests.doubles.identity_links import kept_apart, link, warehouse


def customer(records: int, values_each: int = 2) -> tuple[dict[str, int], list[Link]]:
    """Records in a chain, each with values of its own besides."""
    keys = {f"shop:order:{number}": number for number in range(records)}
    links = [
        link(key, f"v{value}", node=number)
        for key, number in keys.items()
        for value in (number, number + 1, *(f"{number}-{own}" for own in range(values_each)))
    ]
    return keys, links


def contents_of(keys: dict[str, int], links: list[Link]) -> Contents:
    """The picture of a customer whose records, with their numbers, are `keys`."""
    numbered = [replace(each, node_id=keys[each.record_key]) for each in links]
    reader = warehouse(numbered, [(key, number, 1) for key, number in keys.items()])
    return picture_contents(reader, overview_of(reader, 1, MOST_CIRCLES))


def test_records_links_and_reasons_are_in_it() -> None:
    keys = {"shop:account:<1>": 1, "web:cookie:2": 2}
    links = [
        link("shop:account:<1>", "a&b@example.com"),
        link("web:cookie:2", "a&b@example.com", reason="shared record"),
        link("web:cookie:2", "no@example.com", reason="blocked value"),
    ]
    svg = picture_svg(contents_of(keys, links), 7, "2 records")
    ET.fromstring(svg)
    for told in ("Customer 7", "shop:account:&lt;1&gt;", "a&amp;b@example.com", "blocked value", "shared record"):
        assert told in svg
    assert svg.count('stroke-dasharray="5 4"') == 3  # two links and the legend


def test_a_value_counts_for_a_record_if_one_rule_says_so() -> None:
    links = [link("a:b:1", "x"), link("a:b:1", "x", rule="email_and_name", reason="more than 2 records")]
    contents = contents_of({"a:b:1": 1}, links)
    assert [(line.reason, line.circle.reason) for line in contents.lines] == [(None, None)]


def test_what_a_steward_keeps_apart_is_drawn() -> None:
    contents = contents_of({"a:b:1": 1}, [kept_apart("a:b:1", "a:b:2"), link("a:b:1", "x")])
    assert [circle.reason for circle in contents.circles if circle.shown[0] == "never_link"] == [
        "kept apart by a steward"
    ]


def test_many_records_that_show_the_same_share_a_box() -> None:
    keys = {f"pos:receipt:{number}": number for number in range(500)}
    contents = contents_of(keys, [link(key, "x", node=number) for key, number in keys.items()])
    assert [(box.records, box.record_key) for box in contents.boxes] == [(500, "pos:receipt:0")]
    assert contents.circles[0].records == 500


def test_what_is_too_much_is_left_out_and_counted() -> None:
    keys, links = customer(1_000)
    contents = contents_of(keys, links)
    assert len(contents.circles) <= MOST_CIRCLES
    assert set(contents.circles) == {line.circle for line in contents.lines}
    assert contents.values_left_out == len({link.shown for link in links}) - len(contents.circles)
    drawn = {line.box for line in contents.lines}
    assert drawn == set(contents.boxes)
    assert len(drawn) <= MOST_BOXES
    assert contents.records_left_out == 1_000 - sum(box.records for box in drawn)
    assert f"not drawn: {contents.records_left_out:,} records" in picture_svg(contents, 1, "")


def test_a_big_customer_shows_what_holds_most_records_together() -> None:
    """Five thousand receipts, each with an address of its own, hang on one telephone number and twenty cards."""
    keys = {f"pos:receipt:{number}": number for number in range(5_000)}
    links = [
        link(key, value, rule=rule, node=number)
        for key, number in keys.items()
        for rule, value in (("phone", "+1"), ("card", str(number % 20)), ("email", f"{number}@example.com"))
    ]
    contents = contents_of(keys, links)
    assert contents.circles[0].shown == ("phone", "+1")
    assert contents.circles[0].records == 5_000
    assert {circle.shown[1] for circle in contents.circles[1:21]} == {str(card) for card in range(20)}
    assert sum(box.records for box in contents.boxes) == 5_000
    assert layout(contents).height < 4_000


def test_what_does_not_print_does_not_break_the_picture() -> None:
    key = f"shop:customer:\x00{'x' * 1_000_000}"
    svg = picture_svg(contents_of({key: 1}, [link(key, "\x1b[31mred\ufffe")]), 1, "")
    assert "�[31mred�" in "".join(ET.fromstring(svg).itertext())
    assert len(svg) < 5_000


def test_nothing_overlaps() -> None:
    keys, links = customer(80)
    contents = contents_of(keys, links)
    placed = layout(contents)
    for one, other in combinations(placed.boxes.values(), 2):
        assert abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= BOX_HEIGHT
    for one, other in combinations(placed.circles.values(), 2):
        assert abs(one.y - other.y) > 40
    assert max(place.y for place in [*placed.boxes.values(), *placed.circles.values()]) < placed.height


def test_the_same_customer_gives_the_same_picture() -> None:
    keys, links = customer(30)
    pictures = {picture_svg(contents_of(keys, given), 1, "") for given in (links, links[::-1])}
    assert len(pictures) == 1


def test_a_customer_who_shows_nothing() -> None:
    picture = ET.fromstring(picture_svg(contents_of({"pos:receipt:1": 1}, []), 1, "1 record"))
    assert "1 record" in "".join(picture.itertext())
