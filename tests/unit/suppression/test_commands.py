"""`cdp suppress`, as the shell runs it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from cdp.errors import BusyError, ConfigurationError
from cdp.store import open_store
from cdp.suppression import commands
from tests.unit.suppression.conftest import SECRETS, Keys, ListCompany

Run = Callable[..., Result]
ERASED = ("add", "--reason", "erased", "--address-kind", "email")
LOOK_UP = ("check", "--address-kind", "email", "--json")


@pytest.fixture
def run(company: ListCompany, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one sub-command with what it reads on standard input."""
    monkeypatch.setenv("CDP_PROJECT", str(company.root))
    app = typer.Typer()
    commands.register(app)
    return lambda *arguments, given="": CliRunner().invoke(app, ["suppress", *arguments], input=given)


def test_an_address_is_listed_once_and_found_again(company: ListCompany, keys: Keys, run: Run) -> None:
    keys("k1")
    added = run(*ERASED, given="Anna@Example.com\n\n anna@example.com\nbob@example.com\n")
    assert added.output == "Listed as erased: 2. `cdp run` builds upon it.\n"
    assert json.loads(run(*ERASED, "--json", given="anna@example.com\ncarl@example.com").output) == {
        "listed": 1,
        "known": 1,
    }
    found = run(*LOOK_UP, given="dana@example.com\nANNA@example.com\n")
    assert json.loads(found.output) == [{"line": 2, "reason": "erased", "listed_at": "2024-05-01 06:00:00"}]
    assert run("check", "--address-kind", "email", given="dana@example.com").output == "None of them is listed.\n"
    assert [
        line.split() for line in run("check", "--address-kind", "email", given="bob@example.com").output.splitlines()
    ]
    assert company.suppressed() == set()
    company.shows("1", {"email": "anna@example.com"}, {"email": "dana@example.com"})
    assert company.suppressed() == {("erased", "anna@example.com")}


def test_what_was_erased_is_caught_in_the_batch_it_comes_back_in(company: ListCompany, keys: Keys, run: Run) -> None:
    keys("k1")
    company.shows("1", {"email": "anna@example.com"})
    run(*ERASED, given="anna@example.com")
    company.forget_addresses()
    assert company.suppressed() == set()
    company.shows("2", {"email": "Anna@example.com"})
    assert company.suppressed() == {("erased", "anna@example.com")}


def test_a_rotation_moves_what_is_known_and_says_which_key_must_stay(
    company: ListCompany, keys: Keys, run: Run
) -> None:
    keys("k1")
    run(*ERASED, given="anna@example.com\ngone@example.com")
    company.shows("1", {"email": "anna@example.com"})
    keys("k2", "k1")
    told = run("rotate").output
    assert told == (
        "Moved to k2: 1 listings.\nKeep k1: only it knows 1 listings, whose addresses are not in any source.\n"
    )
    company.shows("2", {"email": "gone@example.com"})
    assert run("rotate").output == "Moved to k2: 1 listings.\nNo other key is needed any more.\n"
    keys("k2")
    company.land()
    assert json.loads(run("rotate", "--json").output) == {"newest": "k2", "moved": 0, "waiting": {}}
    assert [row["line"] for row in json.loads(run(*LOOK_UP, given="anna@example.com\ngone@example.com").output)] == [
        1,
        2,
    ]


@pytest.mark.parametrize("arguments", [ERASED, LOOK_UP, ("rotate",)])
def test_without_a_key_one_sentence_says_what_to_set(keys: Keys, run: Run, arguments: tuple[str, ...]) -> None:
    keys()
    refused = run(*arguments, given="anna@example.com").exception
    assert isinstance(refused, ConfigurationError)
    assert "none is set. Write CDP_SUPPRESSION_KEYS=k1:<64 hex digits> to .env" in str(refused)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "there is no address on standard input"),
        ("anna@example.com\nanna\n\n+79160001122\n", "2 of 3 lines are no email address: line 2, 4."),
        ("x\n" * 9, "9 of 9 lines are no email address: line 1, 2, 3, 4, 5, …"),
    ],
)
def test_a_line_that_is_no_address_stops_all(
    company: ListCompany, keys: Keys, run: Run, given: str, complaint: str
) -> None:
    keys("k1")
    refused = run(*ERASED, given=given).exception
    assert isinstance(refused, ConfigurationError)
    assert complaint in str(refused)
    assert "anna" not in str(refused)
    assert company.lake.last_batch() == 0


def test_nobody_lists_while_somebody_lands(
    company: ListCompany, keys: Keys, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys("k1")
    monkeypatch.setattr(commands, "_PATIENCE", 0.0)
    store = open_store(company.project.store_url)
    with store.lease("landing"):
        refused = run(*ERASED, given="anna@example.com").exception
    store.close()
    assert isinstance(refused, BusyError)


def test_nothing_that_is_said_or_kept_has_a_key_or_what_is_secret(company: ListCompany, keys: Keys, run: Run) -> None:
    keys("k2", "k1")
    address = "canary.bird@example.com"
    said = [
        run(*ERASED, given=address),
        run(*LOOK_UP, given=address),
        run("rotate"),
        run(*ERASED, given=f"{address} ?"),
    ]
    for told in (f"{each.output}{each.exception}" for each in said):
        assert address not in told
        assert not any(secret[:16] in told for secret in SECRETS.values())
    for file in company.root.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert address.encode() not in content
        for secret in SECRETS.values():
            assert secret.encode() not in content
            assert bytes.fromhex(secret) not in content
