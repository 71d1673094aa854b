"""What the words of each tool mean."""

from __future__ import annotations

from datetime import datetime

import pytest

from reverse_etl.destinations.registry import readers
from reverse_etl.feedback.words import Event, Posted, UnreadableError
from tests.doubles.feedback import TYPES, WALL, Shot, flow, hook, letter, mail, sms

FIVE = datetime(2024, 5, 1, 5)


def events(shot: Shot) -> list[Event]:
    call = Posted(shot.body, {name.lower(): value for name, value in shot.headers.items()}, shot.path, WALL)
    return readers()[TYPES[shot.path.split("?")[0].rpartition("/")[2]]].read(call)


def told(shot: Shot) -> list[tuple[str, str, str | None, str]]:
    return [(event.kind, event.channel, event.address, event.detail) for event in events(shot)]


@pytest.mark.parametrize(
    ("shot", "expected"),
    [
        (hook("opened", email="anna@example.com"), ("opened", "email", "anna@example.com", "")),
        (hook("bounced", email="anna@example.com", detail="hard"), ("bounced", "email", "anna@example.com", "hard")),
        (hook("unsubscribed", phone="+12025550101"), ("unsubscribed", "sms", "+12025550101", "")),
        (hook("delivered", message="k", channel="push"), ("delivered", "push", None, "")),
        (hook("failed", phone="+1202", detail="what people wrote"), ("failed", "sms", "+1202", "")),
        (hook("unsubscribed"), ("unreadable", "unknown", None, "unsubscribed_without_address")),
        (sms(MessageSid="SM1", MessageStatus="delivered", To="+1202"), ("delivered", "sms", "+1202", "")),
        (
            sms(MessageSid="SM1", MessageStatus="undelivered", To="+1202", ErrorCode="30005"),
            ("failed", "sms", "+1202", "30005"),
        ),
        (sms(MessageSid="SM1", MessageStatus="failed", To="+1202"), ("failed", "sms", "+1202", "failed")),
        (
            sms(MessageSid="SM1", MessageStatus="failed", To="+1202", ErrorCode="21610"),
            ("unsubscribed", "sms", "+1202", "21610"),
        ),
        (
            sms(MessageSid="SM1", SmsStatus="received", From="+1202", Body=" stop. "),
            ("unsubscribed", "sms", "+1202", "stop"),
        ),
        (
            sms(MessageSid="SM1", SmsStatus="received", From="+1202", Body="bye", OptOutType="STOP"),
            ("unsubscribed", "sms", "+1202", "stop"),
        ),
        (
            sms(MessageSid="SM1", SmsStatus="received", From="+1202", Body="don't stop it"),
            ("replied", "sms", "+1202", ""),
        ),
        (
            sms(MessageSid="SM1", SmsStatus="received", From="+1202", Body="Start", OptOutType="START"),
            ("replied", "sms", "+1202", "start"),
        ),
        (mail(letter("hard_bounced")), ("bounced", "email", "anna@example.com", "hard")),
        (mail(letter("soft_bounced")), ("bounced", "email", "anna@example.com", "soft")),
        (mail(letter("spam")), ("complained", "email", "anna@example.com", "")),
        (mail(letter("clicked")), ("clicked", "email", "anna@example.com", "")),
        (flow("bounced_email", **{"Bounce Type": "Hard"}), ("bounced", "email", "anna@example.com", "hard")),
        (flow("unsubscribed_from_sms_marketing"), ("unsubscribed", "sms", "+12025550101", "")),
    ],
)
def test_what_is_reported(shot: Shot, expected: tuple[str, str, str | None, str]) -> None:
    assert told(shot) == [expected]


@pytest.mark.parametrize(
    "shot",
    [
        hook("queued"),
        hook("unreadable"),
        sms(MessageSid="SM1", MessageStatus="sent"),
        mail(letter("sent")),
        mail(),
        flow("viewed_product"),
    ],
)
def test_what_says_nothing_of_a_message_is_left_out(shot: Shot) -> None:
    assert events(shot) == []


@pytest.mark.parametrize(
    "shot",
    [
        Shot("/feedback/hook", b"[]", {"webhook-id": "1"}),
        Shot("/feedback/hook", b'{"type": "opened", "data": 5}', {"webhook-id": "1"}),
        Shot("/feedback/sms", b"a=b", {}),
        Shot("/feedback/mail", b"5", {}),
        Shot("/feedback/mail", b'{"events_by_user": [{"events": [5]}]}', {}),
        Shot("/feedback/flow", b'{"data": [{}]}', {}),
    ],
)
def test_another_shape_than_documented_is_said_to_be_one(shot: Shot) -> None:
    with pytest.raises(UnreadableError):
        events(shot)


def test_which_message_it_was() -> None:
    (event,) = events(mail(letter("delivered")))
    assert (event.message_key, event.remote_id, event.campaign, event.occurred_at) == ("key-1", "1a-B", "welcome", FIVE)
    (event,) = events(sms("/feedback/sms?message=k%201", MessageSid="SM1", MessageStatus="delivered", To="+1202"))
    assert (event.event_id, event.message_key, event.remote_id) == ("SM1:delivered", "k 1", "SM1")
    (event,) = events(flow("clicked_email", **{"$message": "01H", "Campaign Name": "Spring"}))
    assert (event.event_id, event.remote_id, event.campaign, event.occurred_at) == ("ev1", "01H", "Spring", FIVE)


def test_the_same_event_has_the_same_name_in_whatever_call() -> None:
    alone, together = events(mail(letter("spam"))), events(mail(letter("clicked"), letter("spam")))
    assert alone[0].event_id == together[1].event_id != together[0].event_id


def test_an_event_does_not_print_whose_it_is() -> None:
    assert "anna" not in repr(events(mail(letter("spam")))[0])
