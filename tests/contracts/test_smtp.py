"""What is a mail server's own: when it has accepted a letter, whom it refuses, and how a letter is written."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cdp.errors import ConfigurationError, DeclarationError
from reverse_etl.destinations.connector import Account, Secret
from reverse_etl.destinations.smtp.client import Smtp, check
from reverse_etl.destinations.smtp.config import AccountOptions, SyncOptions
from reverse_etl.engine.ports import Limit
from reverse_etl.engine.words import Reply, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import email
from tests.contracts.fakes.smtp import PASSWORD, USER, MailServer, certified, login, message, target
from tests.contracts.messages import batch_of
from tests.contracts.sending import SEEDS, Sending

OK, REJECTED, RETRY, UNKNOWN = Verdict.OK, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A relay on this machine: no login, no encryption."""
    with MailServer().up() as running:
        yield running


def connected(url: str, account: dict[str, str] | None = None, **options: str) -> closing[Smtp]:
    said = {"tls": "none", "timeout": "2", "local_hostname": "localhost", **(account or {})}
    return closing(Smtp(Account("mail", url, Secret(PASSWORD), said), target(**options)))


def sent(server: MailServer, *rows: dict[str, Any], **options: str) -> Reply:
    with connected(server.url, **options) as destination:
        return destination.send(batch_of(*rows))


def verdicts(reply: Reply, count: int) -> list[Verdict]:
    return [row.verdict for row in reply.per_row(count)]


def test_a_letter_as_it_is_read(server: MailServer) -> None:
    reply = sent(
        server, {**message(3), "first_name": "Zoë & <Söhne>"}, from_name="Der Läden", reply_to="us@shop.example"
    )
    read = server.letters[0].parsed
    assert (read["Subject"], read["From"]) == ("News for Zoë & <Söhne>", "Der Läden <news@shop.example>")
    assert (read["To"], read["Reply-To"]) == (email(3), "us@shop.example")
    assert read["List-Unsubscribe"] == "<https://shop.example/stop?c=3>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read["Date"].datetime.tzinfo is not None
    assert read["Message-ID"] == reply.rows[0].remote_id
    plain, html = read.get_body(["plain"]), read.get_body(["html"])
    assert plain and html
    assert plain.get_content().splitlines() == ["Hi Zoë & <Söhne>!"]
    assert "<p>Hi Zoë &amp; &lt;Söhne&gt;!</p>" in html.get_content()
    raw = server.letters[0].content
    assert raw.isascii() and b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_one_format_alone_is_no_multipart(server: MailServer) -> None:
    sent(server, message(1), template="letter.txt", plain_template="", unsubscribe_url="")
    sent(server, message(2), plain_template="")
    assert [letter.parsed.get_content_type() for letter in server.letters] == ["text/plain", "text/html"]
    assert "List-Unsubscribe" not in server.letters[0].parsed


def test_a_message_keeps_its_id_whatever_batch_it_comes_in(server: MailServer) -> None:
    with connected(server.url) as destination:
        destination.send(batch_of(message(1), name="b1"))
        destination.send(batch_of(message(1), name="b2.r"))
    assert len({letter.parsed["Message-ID"] for letter in server.letters}) == 1


def test_a_value_stays_in_its_place(server: MailServer) -> None:
    name = "Anna\r\nBcc: all@example.com\r\n\r\n.\r\nMAIL FROM:<x@y>"
    link = "https://shop.example/stop?" + "c" * 300
    assert verdicts(sent(server, {**message(1), "first_name": name}, unsubscribe_url=link), 1) == [OK]
    read = server.letters[0].parsed
    assert len(server.letters) == 1 and read["Bcc"] is None
    assert read["Subject"] == "News for Anna Bcc: all@example.com . MAIL FROM:<x@y>"
    assert read["List-Unsubscribe"] == f"<{link}>"
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in server.letters[0].content
    plain = read.get_body(["plain"])
    assert plain and "\n.\n" in plain.get_content().replace("\r\n", "\n"), "a dot alone on its line is text"


@pytest.mark.parametrize(
    ("said", "verdict", "code"),
    [
        ("550 5.1.1 <anna1@example.com> no such user", REJECTED, "smtp_550"),
        ("551 5.1.6 moved", REJECTED, "smtp_551"),
        ("552 5.2.2 mailbox full", REJECTED, "smtp_552"),
        ("553 5.1.3 what an address", REJECTED, "smtp_553"),
        ("554 5.7.1 relay access denied", REJECTED, "smtp_policy"),
        ("450 4.2.0 greylisted", RETRY, "smtp_450"),
        ("451 4.7.1 try again", RETRY, "smtp_451"),
        ("452 4.2.2 mailbox full", RETRY, "smtp_452"),
    ],
)
def test_a_refused_address_is_one_row(server: MailServer, said: str, verdict: Verdict, code: str) -> None:
    server.refusals = {email(1): said}
    reply = sent(server, message(0), message(1), message(2))
    assert verdicts(reply, 3) == [OK, verdict, OK]
    assert reply.rows[1].code == code and "anna" not in repr(reply).casefold()
    assert server.members() == {email(0), email(2)}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("554 5.6.0 looks like spam", REJECTED), ("552 5.3.4 too big", REJECTED), ("452 4.3.1 disk full", RETRY)],
)
def test_a_refused_letter_is_one_row(server: MailServer, said: str, verdict: Verdict) -> None:
    server.says = said
    assert verdicts(sent(server, message(0), message(1)), 2) == [verdict, verdict]


def test_a_letter_that_is_too_large_is_refused_before_it_is_sent() -> None:
    with MailServer().up(data_size_limit=900) as server:
        reply = sent(server, message(0), {**message(1), "first_name": "A" * 500}, message(2))
    assert (verdicts(reply, 3), reply.rows[1].code) == ([OK, REJECTED, OK], "smtp_552")


def test_a_server_that_passes_nothing_on_stops_the_sync(server: MailServer) -> None:
    server.refusals = {email(number): "554 5.7.1 relay access denied" for number in range(3)}
    reply = sent(server, message(0), message(1), message(2))
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "smtp_policy")


def test_a_new_connection_takes_up_where_the_server_has_enough(server: MailServer) -> None:
    server.letters_per_connection = 3
    assert verdicts(sent(server, *[message(number) for number in range(8)]), 8) == [OK] * 8
    assert (len(server.letters), server.repeated()) == (8, 0)


def test_a_connection_is_used_for_many_batches(server: MailServer) -> None:
    with connected(server.url) as destination:
        for number in range(3):
            destination.send(batch_of(message(number), message(number + 10), name=f"b{number}"))
    assert (server.connections, len(server.letters)) == (1, 6)


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.BUSY, Fault.LOSE_BEFORE])
def test_what_was_not_accepted_is_tried_again(server: MailServer, fault: Fault) -> None:
    server.faults.script = [fault]
    with connected(server.url) as destination:
        reply = destination.send(batch_of(message(0), message(1)))
        assert (reply.verdict, reply.rows, reply.is_lost) == (RETRY, {}, False)
        assert not server.letters
        assert verdicts(destination.send(batch_of(message(0), message(1))), 2) == [OK, OK]


@pytest.mark.parametrize("fault", [Fault.LOSE_AFTER, Fault.HALF_ANSWER, Fault.HANG])
def test_what_may_have_been_accepted_is_unknown_and_the_rest_is_not(server: MailServer, fault: Fault) -> None:
    server.faults.script, server.faults.hang_seconds = [Fault.NONE, fault], 30.0
    reply = sent(server, message(0), message(1), message(2))
    assert verdicts(reply, 3) == [OK, UNKNOWN, RETRY]
    assert len(server.letters) == (1 if fault is Fault.HANG else 2)


def test_what_was_taken_before_a_refusal_of_all_stays_taken(server: MailServer) -> None:
    server.faults.script = [Fault.NONE, Fault.FAIL]
    reply = sent(server, message(0), message(1), message(2))
    assert (verdicts(reply, 3), reply.rows[2].code) == ([OK, RETRY, RETRY], "smtp_451")


def test_addresses_outside_ascii_go_where_they_are_taken(server: MailServer) -> None:
    rows = {**message(0), "to": "анна@example.com"}, {**message(1), "to": "a@пример.рф"}, message(2)
    assert verdicts(sent(server, *rows), 3) == [OK] * 3
    assert server.members() == {"анна@example.com", "a@пример.рф", email(2)}
    assert server.letters[0].parsed["To"] == "анна@example.com"
    with MailServer().up(enable_SMTPUTF8=False) as old:
        reply = sent(old, *rows)
    assert (verdicts(reply, 3), reply.rows[0].code) == ([REJECTED, REJECTED, OK], "no_smtputf8")


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    return certified(tmp_path)


def said_to(server: MailServer, account: dict[str, str]) -> tuple[Verdict, str]:
    with connected(server.url, {"tls": "required", **account}) as destination:
        reply = destination.send(batch_of(message(0)))
    return reply.verdict, reply.code


@pytest.mark.parametrize(
    ("scheme", "settings"), [("smtp", {"auth_required": True}), ("smtps", {"auth_require_tls": False})]
)
def test_it_logs_in_over_an_encrypted_line(
    context: ssl.SSLContext, tmp_path: Path, scheme: str, settings: dict[str, bool]
) -> None:
    trusted = {"ca_file": str(tmp_path / "server.crt")}
    with MailServer().up(context, scheme, authenticator=login, **settings) as server:
        assert said_to(server, {**trusted, "username": USER}) == (OK, "")
        assert said_to(server, {**trusted, "username": "somebody"}) == (Verdict.FATAL, "smtp_535")
        assert said_to(server, {"username": USER}) == (Verdict.FATAL, "untrusted_certificate")
        if scheme == "smtp":
            assert said_to(server, trusted) == (Verdict.FATAL, "smtp_530")
    assert len(server.letters) == 1


def test_a_server_without_encryption_gets_nothing(server: MailServer) -> None:
    assert said_to(server, {"username": USER}) == (Verdict.FATAL, "not_offered")


def test_a_peer_that_says_nothing_is_not_waited_for_longer_than_declared() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with connected(url, {"timeout": "0.2"}) as destination:
            reply = destination.send(batch_of(message(0)))
    assert (reply.verdict, reply.code, reply.is_lost) == (RETRY, "unreachable", False)


def test_nobody_sees_the_password(server: MailServer, capfd: pytest.CaptureFixture[str]) -> None:
    with connected(server.url) as destination:
        told = repr(destination) + repr(vars(destination)) + repr(destination.send(batch_of(message(0))))
    assert PASSWORD not in told + "".join(capfd.readouterr())


def test_the_account_says_how_many_a_minute(server: MailServer) -> None:
    with connected(server.url) as usual, connected(server.url, {"messages_per_minute": "20"}) as slow:
        assert (usual.capabilities.max_rows, usual.capabilities.limits) == (50, ())
        assert (slow.capabilities.max_rows, slow.capabilities.limits) == (20, (Limit(20, seconds=60, of="rows"),))


@pytest.mark.parametrize(
    ("account", "secret"),
    [
        ({"username": USER, "tls": "none"}, PASSWORD),
        ({"username": USER, "tls": "required"}, ""),
        ({"username": USER, "tls": "required"}, "pässword"),
        ({"ca_file": "nowhere.pem", "tls": "required"}, PASSWORD),
    ],
)
def test_an_account_that_cannot_be_is_refused(account: dict[str, str], secret: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Smtp(Account("mail", "smtp://127.0.0.1:25", Secret(secret), account), target())
    assert not secret or secret not in str(refused.value)


@pytest.mark.parametrize("options", [{"tls": "maybe"}, {"timeout": "0"}, {"timeout": "601"}, {"password": "x"}])
def test_options_that_cannot_be_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AccountOptions.model_validate(options)
    with pytest.raises(ValidationError):
        SyncOptions.model_validate(options)


def test_a_letter_that_asks_for_what_is_not_mapped_is_told_before_anything_runs() -> None:
    check(target())
    with pytest.raises(DeclarationError, match="`token`"):
        check(target(unsubscribe_url="https://shop.example/?{{ token }}"))


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_sent_twice_and_what_cannot_be_known_is_unknown(
    server: MailServer, tmp_path: Path, seed: int
) -> None:
    rows = [(email(number), f"Anna{number}") for number in range(80)]
    plain = {"template": "hello.txt", "plain_template": "", "subject": "s", "unsubscribe_url": ""}
    server.refusals = {email(7): "550 5.1.1 no such user"}
    server.faults.script, server.faults.rate = [Fault.NONE, Fault.LOSE_AFTER], 0.1
    server.faults._rng.seed(seed)
    with connected(server.url, **plain) as destination, closing(Sending(tmp_path, destination)) as bench:
        bench.want(rows)
        bench.run_to_the_end()
        server.faults.rate = 0.0
        bench.run_to_the_end()
        found = bench.verdicts()
    assert set(found) == {key for key, _ in rows}
    assert found[email(7)] is REJECTED and RETRY not in found.values()
    known = {key for key, verdict in found.items() if verdict is OK}
    lost = {key for key, verdict in found.items() if verdict is UNKNOWN}
    assert lost and known <= server.members() <= known | lost
    assert server.repeated() == 0 and len(server.letters) == len(server.members())
