"""The receiver over real HTTP: who is let in, what is kept, and that nothing is kept twice."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from cdp.store import Store, open_store
from cdp.store.schema import inbound
from reverse_etl.feedback.inbox import Inbox
from reverse_etl.feedback.words import Event
from tests.doubles.feedback import WALL, Receiver, Shot, flow, hook, letter, mail, served_receiver, sms

ANNA = "anna@example.com"


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    is_postgres = request.param == "postgres"
    url = str(request.getfixturevalue("postgres_database")) if is_postgres else f"sqlite:///{tmp_path / 'store.db'}"
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def receiver(store: Store) -> Iterator[Receiver]:
    with served_receiver(store) as served:
        yield served


def kept(store: Store) -> list[tuple[str, str, str | None]]:
    wanted = select(inbound.c.destination, inbound.c.kind, inbound.c.address).order_by(inbound.c.inbound_id)
    with store.reading() as connection:
        return [tuple(row) for row in connection.execute(wanted)]


def test_every_tool_reports_to_a_path_of_its_own(receiver: Receiver, store: Store) -> None:
    shots = [hook("opened", email=ANNA), sms(MessageSid="SM1", MessageStatus="delivered", To="+12025550101")]
    shots += [mail(letter("clicked"), letter("spam")), flow("opened_email")]
    answers = [receiver.post(shot) for shot in shots]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 4
    assert kept(store) == [
        ("hook", "opened", ANNA),
        ("sms", "delivered", "+12025550101"),
        ("mail", "clicked", ANNA),
        ("mail", "complained", ANNA),
        ("flow", "opened", ANNA),
    ]


def test_one_destination_s_call_is_not_another_s(receiver: Receiver, store: Store) -> None:
    shot = hook("unsubscribed", email=ANNA)
    for path in ("/feedback/mail", "/feedback/sms", "/feedback/flow"):
        assert receiver.post(Shot(path, shot.body, shot.headers)).status_code == 401
    assert kept(store) == []


@pytest.mark.parametrize("shot", [hook("opened", email=ANNA), mail(letter("spam"))])
def test_a_wrong_signature_is_a_401_that_says_nothing(receiver: Receiver, store: Store, shot: Shot) -> None:
    answer = receiver.post(shot, shot.body.replace(b"anna", b"bert"))
    assert (answer.status_code, answer.content) == (401, b"")
    assert receiver.post(hook("opened", at=WALL - 301, email=ANNA)).status_code == 401
    assert kept(store) == []


def test_a_replay_is_taken_and_not_kept_again(receiver: Receiver, store: Store) -> None:
    shot = mail(letter("spam"), letter("spam", "bert@example.com"))
    assert [receiver.post(shot).status_code for _ in range(3)] == [200] * 3
    assert receiver.post(mail(letter("spam"), letter("opened"))).status_code == 200
    assert [call.new for call in receiver.calls] == [2, 0, 0, 1]
    assert len(kept(store)) == 3


def test_the_same_call_many_times_at_once_is_kept_once(receiver: Receiver, store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: receiver.post(hook("opened", email=ANNA)).status_code, range(24)))
    assert set(answers) == {200}
    assert len(kept(store)) == 1


def test_what_is_too_large_is_not_read(store: Store) -> None:
    with served_receiver(store, max_bytes=1_000) as receiver:
        large = hook("opened", email=ANNA, campaign="x" * 1_000)
        assert receiver.post(large).status_code == 413
        pieces = iter([b"x" * 600, b"x" * 600])
        assert httpx.post(f"{receiver.url}/feedback/hook", content=pieces).status_code == 413
        assert receiver.post(hook("opened", email=ANNA)).status_code == 200


def test_who_calls_too_often_is_told_when_to_come_back(store: Store) -> None:
    with served_receiver(store, calls_per_second=2.0) as receiver:
        answers = [receiver.post(hook("opened", f"msg_{place}", email=ANNA)) for place in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert len(kept(store)) == 2


def test_what_nobody_declared_is_not_there(receiver: Receiver) -> None:
    shot = hook("opened", email=ANNA)
    for path in ("/feedback/other", "/feedback", "/", "/feedback/hook/more"):
        assert receiver.post(Shot(path, shot.body, shot.headers)).status_code == 404
    assert httpx.get(f"{receiver.url}/feedback/hook").status_code == 405


def test_an_event_that_lacks_its_address_is_kept_as_what_it_is(receiver: Receiver, store: Store) -> None:
    assert receiver.post(hook("unsubscribed")).status_code == 200
    assert kept(store) == [("hook", "unreadable", None)]
    assert [call.unreadable for call in receiver.calls] == [1]


def test_a_signed_call_of_another_shape_is_a_400(receiver: Receiver, store: Store) -> None:
    assert receiver.post(sms(Nothing="known")).status_code == 400
    assert kept(store) == []


def test_a_store_that_fails_is_a_503_and_the_tool_tries_again(receiver: Receiver, store: Store) -> None:
    with store.writing() as connection:
        inbound.drop(connection)
    answer = receiver.post(hook("opened", email=ANNA))
    assert (answer.status_code, answer.content, answer.headers["Retry-After"]) == (503, b"", "10")
    with store.writing() as connection:
        inbound.create(connection)
    assert receiver.post(hook("opened", email=ANNA)).status_code == 200


class DyingInbox(Inbox):
    """Keeps what it was given, and the process is gone before anybody hears of it."""

    def keep(self, destination: str, events: Sequence[Event], received_at: datetime) -> int:
        super().keep(destination, events, received_at)
        os._exit(9)


def _serve_and_die(url: str, told: Connection) -> None:
    store = open_store(url)
    with served_receiver(store, inbox=DyingInbox(store)) as receiver:
        told.send(receiver.url)
        told.recv()


def test_a_kill_between_commit_and_answer_neither_loses_nor_repeats(tmp_path: Path) -> None:
    url, shot = f"sqlite:///{tmp_path / 'store.db'}", hook("unsubscribed", email=ANNA)
    open_store(url).close()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_serve_and_die, args=(url, theirs))
    child.start()
    with pytest.raises(httpx.RemoteProtocolError):
        Receiver(ours.recv(), []).post(shot)
    child.join()
    assert child.exitcode == 9
    store = open_store(url)
    assert kept(store) == [("hook", "unsubscribed", ANNA)]
    with served_receiver(store) as receiver:
        assert receiver.post(shot).status_code == 200
    assert len(kept(store)) == 1
    store.close()
