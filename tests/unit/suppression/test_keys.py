"""Keys from the environment, and the tokens they make: in Python, and in the landing's engine."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.errors import ConfigurationError
from cdp.landing.lake import Lake
from cdp.suppression.keys import VARIABLE, Key, KeyRing, keyed_token
from cdp.suppression.state import open_state

GOOD = "0123456789abcdef" * 4


def test_a_token_is_the_hmac_of_kind_and_address() -> None:
    """RFC 4231, test case 2: its key is `Jefe`, its data is read as kind `what do ya want for nothing?` cut in two."""
    key = Key("rfc", b"Jefe")
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac.new(key.secret, b"what do ya want for nothing?", hashlib.sha256).hexdigest() == expected
    known = hmac.new(key.secret, b"email:anna@example.com", hashlib.sha256).hexdigest()
    assert key.token("email", "anna@example.com") == known
    assert key.made(known, "email", "anna@example.com")
    assert not key.made(known, "phone", "anna@example.com")


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=150), st.text(max_size=200).filter(lambda text: "\0" not in text))
def test_the_engine_makes_the_same_tokens(secret: bytes, address: str) -> None:
    key = Key("k1", secret)
    with duckdb.connect() as connection:
        connection.execute("set variable suppression_keys = ?", [KeyRing((key,)).rows()])
        query = (
            f"select {keyed_token('?', '?')} from (select unnest(getvariable('suppression_keys'), recursive := true))"
        )
        assert connection.execute(query, ["email", address]).fetchall() == [(key.token("email", address),)]


def test_the_first_key_is_the_newest() -> None:
    ring = KeyRing.parse(f" k2:{GOOD[::-1]} , k1:{GOOD}")
    assert [(row["key_id"], row["is_newest"]) for row in ring.rows()] == [("k2", True), ("k1", False)]
    assert not KeyRing.parse("")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD, "entry 1 is not <name>:<hex>"),
        (f"k1:{GOOD},", "entry 2 is not <name>:<hex>"),
        (f"K 1:{GOOD}", "entry 1 is not <name>:<hex>"),
        (f"k1:{GOOD[:-1]}z", "what follows the colon of entry 1 is not hex"),
        (f"k1:{GOOD[:60]}", "the key of entry 1 has 30 bytes; 32 are the least"),
        (f"k1:{GOOD},k2:{'00' * 32}", "the key of entry 2 is one byte again and again"),
        (f"k1:{GOOD},k1:{GOOD[::-1]}", "two of the keys have the same name"),
        (f"k1:{GOOD},k2:{GOOD}", "two of the keys have the same secret"),
    ],
)
def test_a_wrong_key_is_refused_and_not_quoted(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        KeyRing.parse(text)
    assert complaint in str(caught.value)
    assert not any(piece in str(caught.value) for piece in (GOOD[:20], GOOD[::-1][:20], "00" * 8))


def test_a_secret_is_not_shown_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"k1:{GOOD}")
    ring = KeyRing.from_environment()
    assert str(bytes.fromhex(GOOD)) not in repr(ring)
    assert GOOD not in repr(ring)


def test_no_statement_has_a_key_in_its_text(tmp_path: Path) -> None:
    ring = KeyRing.parse(f"k1:{GOOD}")
    with duckdb.connect() as connection:
        open_state(connection, Lake(tmp_path), ring)
        views = str(connection.execute("select sql from duckdb_views() where temporary").fetchall())
    assert "suppression_keys" in views
    assert GOOD not in views.lower().replace("\\x", "")


def test_without_a_key_nothing_is_listed() -> None:
    with pytest.raises(ConfigurationError, match=f"none is set. Write {VARIABLE}=k1:"):
        KeyRing.parse("").required()
