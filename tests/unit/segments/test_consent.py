"""What was allowed at an address at a moment, as `cdp explain consent` tells it."""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cdp.address_macros import AddressMacros
from cdp.errors import ConfigurationError
from cdp.segments.consent import explain_consent
from cdp.segments.consent_telling import consent_table
from tests.doubles.readers import MemoryReader

MACROS = AddressMacros(Path(__file__).parents[3] / "dbt_project")
PERIODS = (
    "address varchar, purpose varchar, channel varchar, message_class varchar, is_granted boolean, "
    "decided_at timestamp, superseded_at timestamp, lawful_basis varchar, source_name varchar, form varchar, "
    "text_version varchar, text_sha256 varchar, locale varchar, event_id varchar"
)
EVIDENCE = ("consent", "forms", "sign-up", "v1", "0" * 64, "en-US")
GIVEN, TAKEN, LATE = datetime(2024, 1, 1), datetime(2024, 2, 1), datetime(2024, 2, 9)


@pytest.fixture
def reader() -> MemoryReader:
    made = MemoryReader()
    topic = ("a@example.com", "marketing", "email", "marketing")
    made.load(
        "fct_consent_periods",
        PERIODS,
        [(*topic, True, GIVEN, TAKEN, *EVIDENCE, "e1"), (*topic, False, TAKEN, None, *EVIDENCE, "e2")],
    )
    events = "source_name varchar, event_id varchar, landed_at timestamp"
    made.load("fct_consent_events", events, [("forms", "e1", GIVEN), ("forms", "e2", LATE)])
    suppressed = [("a@example.com", "bounced", datetime(2024, 3, 1))]
    made.load("int_consent__suppressions", "address varchar, reason varchar, suppressed_at timestamp", suppressed)
    made.load("int_consent__do_not_contact_addresses", "address varchar", [("b@example.com",)])
    return made


@pytest.mark.parametrize(
    ("at", "allowed", "was_known"),
    [
        (GIVEN, True, True),
        (datetime(2024, 1, 31, 23, 59, 59), True, True),
        (TAKEN, False, False),
        (LATE, False, True),
    ],
)
def test_a_period_holds_from_its_word_until_the_next(
    reader: MemoryReader, at: datetime, allowed: bool, was_known: bool
) -> None:
    [standing] = explain_consent(reader, "a@example.com", at).standings
    assert (standing.is_granted, standing.was_known) == (allowed, was_known)
    assert (standing.source, standing.form, standing.text_version, standing.locale) == (
        "forms",
        "sign-up",
        "v1",
        "en-US",
    )


def test_before_the_first_word_nothing_was_allowed(reader: MemoryReader) -> None:
    assert explain_consent(reader, "a@example.com", datetime(2023, 12, 31)).standings == []


def test_the_table_is_read_in_a_narrow_terminal(reader: MemoryReader) -> None:
    console = Console(width=80, record=True, file=StringIO())
    console.print(consent_table(explain_consent(reader, "a@example.com", TAKEN)))
    heading, said, *rest = console.export_text().splitlines()
    assert heading.split() == ["purpose", "channel", "class", "allowed", "since", "as", "said", "at"]
    assert said.split()[:6] == ["marketing", "email", "marketing", "no", "2024-02-01", "00:00"]
    assert "forms, sign-up" in said
    assert " ".join(" ".join(rest).split()) == "v1 en-US, known later"


def test_suppression_has_a_beginning_and_do_not_contact_is_for_good(reader: MemoryReader) -> None:
    assert explain_consent(reader, "a@example.com", datetime(2024, 2, 29)).suppressed_for is None
    assert explain_consent(reader, "a@example.com", datetime(2024, 3, 1)).suppressed_for == "bounced"
    assert explain_consent(reader, "b@example.com", GIVEN).is_do_not_contact


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        (" Anna@Example.COM", "anna@example.com"),
        ("+7 (916) 123-45-67", "+79161234567"),
        ("8 (916) 123-45-67", "+79161234567"),
    ],
)
def test_an_address_may_be_typed_as_people_do(typed: str, known: str) -> None:
    assert MACROS.address(typed) == known


@pytest.mark.parametrize("typed", ["nonsense", "", "12", "a@b@c"])
def test_what_is_no_address_is_refused_and_not_quoted(typed: str) -> None:
    with pytest.raises(ConfigurationError, match="neither an e-mail address nor a phone number") as refused:
        MACROS.address(typed)
    assert not typed or typed not in str(refused.value)
