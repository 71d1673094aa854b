"""What a row may put into an e-mail's headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.destinations.letters import link, one_line, recipient
from reverse_etl.destinations.texts import UnfilledError


@pytest.mark.parametrize("address", ["anna@example.com", "o'brien+tag@sub.example.co.uk", "анна@пример.рф", "a@b"])
def test_an_address_is_taken_as_it_is(address: str) -> None:
    assert recipient({"to": address}) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "anna",
        "anna@",
        "@example.com",
        "Anna <anna@example.com>",
        "anna@example.com, berta@example.com",
        "anna@example.com\r\nBcc: berta@example.com",
        "anna@example.com\n",
        "an na@example.com",
        "anna@example.com> SIZE=1",
        "a" * 65 + "@example.com",
        "anna@ex\x00ample.com",
    ],
)
def test_what_is_not_one_address_is_refused(address: str | None) -> None:
    with pytest.raises(UnfilledError):
        recipient({"to": address})


@given(st.text(max_size=60))
def test_a_header_stays_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)


@pytest.mark.parametrize(
    "text", ["http://example.com", "https://example.com/a b", "https://x>,<mailto:y", "https://", "javascript:1"]
)
def test_a_link_of_a_header_is_an_https_address(text: str) -> None:
    with pytest.raises(UnfilledError):
        link(text)
    assert link("https://example.com/stop?c=%20{x}") == "https://example.com/stop?c=%20{x}"
