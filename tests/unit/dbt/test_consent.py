"""Consent over time, suppression and do-not-contact: what a merge, a late event and a repeated one must not change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doubles.models import Models

AS_OF = datetime(2024, 5, 31, 12)
CLASSES = ("marketing", "service", "triggered")
EVENT = (
    "event_id varchar, address_kind varchar, address varchar, purpose varchar, channel varchar, message_class varchar, "
    "action varchar, lawful_basis varchar, occurred_at timestamp, form varchar, text_version varchar, "
    "text_sha256 varchar, locale varchar, _arrival bigint, _loaded_at timestamp"
)


def event(
    number: int, address: str, action: str, at: datetime, message_class: str | None = "marketing"
) -> tuple[Any, ...]:
    said = (f"e{number}", "email", address, "marketing", "email", message_class, action, "consent", at)
    return (*said, "form", "v1", "0" * 64, "en-US", number, at)


@pytest.fixture
def models() -> Iterator[Models]:
    made = ledger_models("forms")
    yield made
    made.close()


def ledger_models(*sources: str) -> Models:
    """The models of the ledger, with nothing on the list of suppressed addresses."""
    models = Models(AS_OF, {"consent_sources": list(sources)})
    models.load("int_consent__listed_events", EVENT)
    return models


def ledger(models: Models) -> list[tuple[Any, ...]]:
    return sorted(models.rows("select source_name, event_id, action from fct_consent_events"))


def but(said: tuple[Any, ...], **otherwise: Any) -> tuple[Any, ...]:
    """What was said, with other values in some columns."""
    names = [column.split()[0] for column in EVENT.split(", ")]
    return tuple({**dict(zip(names, said, strict=True)), **otherwise}.values())


def test_the_ledger_takes_each_event_once_and_never_changes_it(models: Models) -> None:
    first = event(1, "a", "granted", AS_OF)
    models.load("int_consent__forms_events", EVENT, [first, event(2, "b", "granted", AS_OF)])
    models.build("fct_consent_events")
    again = but(event(3, "a", "granted", AS_OF), event_id="e1")
    new, twice = event(4, "c", "granted", AS_OF), but(event(5, "c", "granted", AS_OF), event_id="e4")
    models.load("int_consent__forms_events", EVENT, [first, again, new, twice])
    models.build("fct_consent_events")
    assert ledger(models) == [("forms", "e1", "granted"), ("forms", "e2", "granted"), ("forms", "e4", "granted")]


@pytest.mark.parametrize("builds", [1, 2])
def test_a_no_under_the_id_of_other_words_closes_and_a_yes_opens_nothing(models: Models, builds: int) -> None:
    """`builds`: they arrive together, or in two builds."""
    later = AS_OF + timedelta(days=1)
    first = [event(1, "a", "granted", AS_OF), event(2, "b", "withdrawn", AS_OF)]
    others = [
        but(event(3, "a", "withdrawn", later), event_id="e1"),
        but(event(4, "b", "granted", later), event_id="e2"),
    ]
    for rows in [first + others] if builds == 1 else [first, first + others]:
        models.load("int_consent__forms_events", EVENT, rows)
        models.build("fct_consent_events", "fct_consent_periods")
        models.tell_time(later, last_arrival=2)
    models.build("fct_consent_events", "fct_consent_periods", "fct_consents", "int_consent__set_aside")
    assert not is_allowed(models, "a")
    assert not is_allowed(models, "b")
    kept = [("e1", "granted"), ("e1@3", "withdrawn"), ("e2", "withdrawn"), ("e2@4", "granted")]
    assert ledger(models) == [("forms", *each) for each in kept]
    assert set_aside(models) == [("forms", "granted", "id was used before", 1)]


def test_what_decides_nothing_is_kept_and_counted(models: Models) -> None:
    nowhere = [but(event(number, "", "withdrawn", AS_OF), address=None) for number in (1, 2)]
    elsewhere = but(event(3, "a", "granted", AS_OF), channel="pigeon")
    misspelt = but(event(4, "a", "granted", AS_OF), purpose="marketting")
    classless = event(5, "a", "granted", AS_OF, "gossip")
    models.load("int_consent__forms_events", EVENT, [*nowhere, elsewhere, misspelt, classless])
    models.build("fct_consent_events", "fct_consent_periods", "int_consent__set_aside")
    assert models.rows("from fct_consent_periods") == []
    assert set_aside(models) == [
        ("forms", "granted", "unknown channel", 1),
        ("forms", "granted", "unknown class", 1),
        ("forms", "granted", "unknown purpose", 1),
        ("forms", "withdrawn", "no readable address", 2),
    ]
    mended = [
        but(event(6, "a", "withdrawn", AS_OF), event_id="e1"),
        but(event(7, "b", "withdrawn", AS_OF), event_id="e2"),
    ]
    models.load("int_consent__forms_events", EVENT, nowhere + mended)
    models.build("fct_consent_events", "int_consent__set_aside")
    assert "no readable address" not in {reason for _, _, reason, _ in set_aside(models)}


def test_a_no_without_id_or_moment_holds_from_its_landing(models: Models) -> None:
    granted = [event(1, "a", "granted", AS_OF), event(2, "b", "granted", AS_OF)]
    later = AS_OF + timedelta(days=1)
    no_id = but(event(3, "a", "withdrawn", later), event_id=None)
    no_moment = but(event(4, "b", "withdrawn", later), occurred_at=None)
    models.load("int_consent__forms_events", EVENT, [*granted, no_id, no_moment])
    models.tell_time(later)
    models.build("fct_consent_events", "fct_consent_periods", "fct_consents")
    assert not is_allowed(models, "a")
    assert not is_allowed(models, "b")


def set_aside(models: Models) -> list[tuple[Any, ...]]:
    return sorted(models.rows("select source_name, action, reason, words_count from int_consent__set_aside"))


def test_all_that_a_source_said_counts_when_it_joins_later(models: Models) -> None:
    models.load("int_consent__forms_events", EVENT, [event(9, "a", "granted", AS_OF)])
    models.build("fct_consent_events", "fct_consent_periods")
    models.variables["consent_sources"] = ["forms", "paper"]
    models.load("int_consent__paper_events", EVENT, [event(1, "a", "withdrawn", AS_OF)])
    models.tell_time(AS_OF, last_arrival=9)
    models.build("fct_consent_events", "fct_consent_periods")
    assert models.rows("select is_granted from fct_consent_periods where message_class = 'marketing'") == [(False,)]
    assert ledger(models) == [("forms", "e9", "granted"), ("paper", "e1", "withdrawn")]


def test_without_a_source_the_ledger_is_empty() -> None:
    models = ledger_models()
    models.build("fct_consent_events", "fct_consent_periods", "fct_consents")
    assert models.rows("from fct_consents") == []
    models.close()


def is_allowed(models: Models, address: str) -> bool:
    allowed = "from fct_consents where is_granted and message_class = 'marketing'"
    return (address,) in models.rows(f"select address {allowed}")


def test_a_listed_unsubscribe_is_news_only_where_the_ledger_has_no_such_word(models: Models) -> None:
    withdrawn = event(1, "a", "withdrawn", AS_OF)
    models.load("int_consent__forms_events", EVENT, [withdrawn])
    listed = [event(2, "a", "withdrawn", AS_OF, None), event(3, "b", "withdrawn", AS_OF, None)]
    models.load("int_consent__listed_events", EVENT, listed)
    for _ in range(2):
        models.build("fct_consent_events")
        assert ledger(models) == [("forms", "e1", "withdrawn"), ("listed", "e3", "withdrawn")]


def test_an_unsubscribe_outlives_its_event_until_a_later_yes(models: Models) -> None:
    march, april, may = (datetime(2024, month, 1) for month in (3, 4, 5))
    models.load("int_consent__listed_events", EVENT, [event(2, "a", "withdrawn", april, None)])
    models.load("int_consent__forms_events", EVENT, [event(5, "a", "granted", march)])
    models.build("fct_consent_events", "fct_consent_periods", "fct_consents")
    assert not is_allowed(models, "a")
    models.tell_time(AS_OF, last_arrival=5)
    models.load("int_consent__forms_events", EVENT, [event(5, "a", "granted", march), event(6, "a", "granted", may)])
    models.build("fct_consent_events", "fct_consent_periods", "fct_consents")
    assert is_allowed(models, "a")


actions = st.sampled_from(["requested", "confirmed", "granted", "withdrawn", "perhaps"])
said = st.tuples(st.sampled_from("ab"), actions, st.integers(0, 6), st.sampled_from([*CLASSES, None]))


def standing(events: list[tuple[str, str, int, str | None]], day: int) -> set[tuple[str, str]]:
    """Address and class of everything allowed at the end of `day`, one word after the other: the plain definition."""
    allowed, asked = set(), set()
    for moment in range(day + 1):
        spoken = [(address, action, class_) for address, action, at, class_ in events if at == moment]
        for address, action, class_ in spoken:
            if action in {"requested", "granted", "confirmed"}:
                continue
            for each in [class_] if class_ else CLASSES:
                asked.discard((address, each))
        refused = {
            (address, each)
            for address, action, class_ in spoken
            if action in {"withdrawn", "perhaps"}
            for each in ([class_] if class_ else CLASSES)
        }
        asked |= {(a, c or "marketing") for a, action, c in spoken if action == "requested"} - refused
        agreed = {(a, c or "marketing") for a, action, c in spoken if action == "granted"}
        agreed |= {(a, c or "marketing") for a, action, c in spoken if action == "confirmed"} & asked
        allowed = (allowed | agreed) - refused
    return allowed


@settings(max_examples=25, deadline=None)
@given(events=st.lists(said, max_size=14), seen=st.integers(0, 14))
def test_every_moment_can_be_asked_for(events: list[tuple[str, str, int, str | None]], seen: int) -> None:
    start = datetime(2024, 1, 1)
    models = ledger_models("forms")
    rows = [
        event(number, address, action, start + timedelta(days=day), message_class)
        for number, (address, action, day, message_class) in enumerate(events, start=1)
    ]
    models.load("int_consent__forms_events", EVENT, rows)
    models.build("fct_consent_events", "fct_consent_periods")
    models.load(
        "days", "day bigint, moment timestamp", [(day, start + timedelta(days=day, hours=12)) for day in range(7)]
    )
    allowed = f"from days, lateral {models.macros.consent_as_of('days.moment')} as standing where is_granted"
    found = set(models.rows(f"select day, address, message_class {allowed}"))
    assert found == {(day, *each) for day in range(7) for each in standing(events, day)}
    models.close()


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Records that show addresses, some with a person who must not be contacted, and two customers that will meet."""
    records = range(1, draw(st.integers(2, 7)) + 1)
    links = [
        (record, address, draw(st.sampled_from(["active", "active", "suppressed"])))
        for record in records
        for address in draw(st.sets(st.sampled_from("abcde"), max_size=3))
    ]
    return {
        "customers": {record: draw(st.integers(1, record)) for record in records},
        "links": links,
        "never": draw(st.sets(st.sampled_from(records), max_size=2)),
        "consents": {address: draw(st.booleans()) for address in draw(st.sets(st.sampled_from("abcde")))},
        "suppressed": draw(st.sets(st.sampled_from("abcde"), max_size=2)),
        "merged": draw(st.tuples(st.integers(1, 7), st.integers(1, 7))),
    }


def reachable(world: dict[str, Any], customers: dict[int, int]) -> set[str]:
    """The addresses through which an audience of everybody would reach somebody."""
    models = Models(AS_OF, {"do_not_contact_sources": ["crm"]})
    models.load(
        "int_identity__records",
        "record_key varchar, node_id bigint, customer_id bigint",
        [(str(record), record, customer) for record, customer in customers.items()],
    )
    models.load(
        "int_identity__edges",
        "record_key varchar, node_id bigint, identifier_type varchar, identifier_value varchar, status varchar, "
        "first_seen_at timestamp, last_seen_at timestamp",
        [(str(record), record, "email", address, status, AS_OF, AS_OF) for record, address, status in world["links"]],
    )
    models.load("int_consent__crm_do_not_contact", "record_key varchar", [(str(record),) for record in world["never"]])
    models.load(
        "fct_consents",
        "address_kind varchar, address varchar, purpose varchar, channel varchar, message_class varchar, "
        "is_granted boolean",
        [("email", a, "marketing", "email", "marketing", granted) for a, granted in world["consents"].items()],
    )
    models.load(
        "int_consent__suppressions",
        "address_kind varchar, address varchar",
        [("email", a) for a in world["suppressed"]],
    )
    definition = "audience_name varchar, segment_name varchar, channel varchar, purpose varchar, message_class varchar"
    models.load("int_audiences__definitions", definition, [("letter", "all", "email", "marketing", "marketing")])
    models.load(
        "segment_members", "segment_name varchar, customer_id bigint", [("all", c) for c in set(customers.values())]
    )
    models.build("int_consent__do_not_contact", "int_profiles__addresses", "int_consent__do_not_contact_addresses")
    models.connection.execute(
        "create table dim_customers as select distinct customer_id, customer_id in (from int_consent__do_not_contact) "
        "as is_do_not_contact from int_identity__records"
    )
    models.build("int_audiences__candidates")
    found = models.rows(
        "select distinct address from int_audiences__candidates "
        "where has_address and is_consented and not is_suppressed and not is_do_not_contact"
    )
    models.close()
    return {address for (address,) in found}


@settings(max_examples=25, deadline=None)
@given(world=worlds())
def test_a_merge_never_makes_an_address_reachable(world: dict[str, Any]) -> None:
    customers = world["customers"]
    kept, dissolved = min(world["merged"]), max(world["merged"])
    after = {record: kept if customer in {kept, dissolved} else customer for record, customer in customers.items()}
    assert reachable(world, after) <= reachable(world, customers)


def test_who_must_not_be_contacted_closes_every_address_they_have_shown() -> None:
    world = {
        "links": [
            (1, "own", "active"),
            (1, "shared", "active"),
            (1, "family", "suppressed"),
            (2, "shared", "active"),
            (2, "family", "active"),
            (2, "free", "active"),
        ],
        "never": {1},
        "consents": dict.fromkeys(["own", "shared", "family", "free"], True),
        "suppressed": set(),
    }
    assert reachable(world, {1: 1, 2: 2}) == {"free"}
    assert reachable(world, {1: 1, 2: 1}) == set()
