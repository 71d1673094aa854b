"""The keys of suppression, from the environment: never in a file of the project, in SQL, in a log or in an error."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field
from typing import Any

from cdp.errors import ConfigurationError

VARIABLE = "CDP_SUPPRESSION_KEYS"
LEAST_BYTES = 32
SET_IT = f"Write {VARIABLE}=k1:<64 hex digits> to .env; `openssl rand -hex 32` gives the digits."
_KEY_ID = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_BLOCK = 64
_INNER, _OUTER = 0x36, 0x5C


@dataclass(frozen=True, slots=True)
class Key:
    """One key; `key_id` is its public name."""

    key_id: str
    secret: bytes = field(repr=False)

    def token(self, address_kind: str, address: str) -> str:
        """HMAC-SHA-256 of a normalised address, as lowercase hex."""
        return hmac.new(self.secret, f"{address_kind}:{address}".encode(), hashlib.sha256).hexdigest()

    def made(self, token: str, address_kind: str, address: str) -> bool:
        """Whether `token` is this key's for the address; takes as long whatever differs."""
        return hmac.compare_digest(token, self.token(address_kind, address))

    def pads(self) -> tuple[bytes, bytes]:
        """The two blocks that HMAC puts before what it hashes (RFC 2104): inner, outer."""
        block = (self.secret if len(self.secret) <= _BLOCK else hashlib.sha256(self.secret).digest()).ljust(
            _BLOCK, b"\0"
        )
        return bytes(byte ^ _INNER for byte in block), bytes(byte ^ _OUTER for byte in block)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The accepted keys, the newest first: it makes the new listings, the others are still recognised."""

    keys: tuple[Key, ...] = ()

    @classmethod
    def from_environment(cls) -> KeyRing:
        """The keys of `CDP_SUPPRESSION_KEYS` (`k2:<hex>,k1:<hex>`), none where it is not set.

        Raises ConfigurationError that says which entry is wrong and never quotes it.
        """
        return cls.parse(os.environ.get(VARIABLE, ""))

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """As `from_environment`, of a given text."""
        entries = text.split(",") if text.strip() else []
        keys = tuple(_key(entry.strip(), place) for place, entry in enumerate(entries, start=1))
        for what, values in (("name", {key.key_id for key in keys}), ("secret", {key.secret for key in keys})):
            if len(values) < len(keys):
                raise _refused(f"two of the keys have the same {what}")
        return cls(keys)

    def __bool__(self) -> bool:
        return bool(self.keys)

    @property
    def key_ids(self) -> list[str]:
        return [key.key_id for key in self.keys]

    def required(self) -> KeyRing:
        """Itself.

        Raises ConfigurationError where it is empty.
        """
        if not self.keys:
            raise ConfigurationError("an address is listed under a key, and none is set.", remedy=SET_IT)
        return self

    def rows(self) -> list[dict[str, Any]]:
        """One row per key: `key_id`, `is_newest`, and the pads from which an engine makes tokens by itself."""
        pads = [key.pads() for key in self.keys]
        return [
            {"key_id": key.key_id, "is_newest": place == 0, "inner_pad": pads[place][0], "outer_pad": pads[place][1]}
            for place, key in enumerate(self.keys)
        ]


def keyed_token(address_kind: str, address: str) -> str:
    """SQL for the token of two columns under a row of `KeyRing.rows`: HMAC from the engine's own SHA-256."""
    message = f"encode({address_kind} || ':' || {address})"
    return f"sha256(outer_pad || unhex(sha256(inner_pad || {message})))"


def _key(entry: str, place: int) -> Key:
    key_id, colon, digits = entry.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id):
        raise _refused(f"entry {place} is not <name>:<hex>, with a name such as `k1`")
    try:
        secret = bytes.fromhex(digits)
    except ValueError:
        raise _refused(f"what follows the colon of entry {place} is not hex") from None
    if len(secret) < LEAST_BYTES:
        raise _refused(f"the key of entry {place} has {len(secret)} bytes; {LEAST_BYTES} are the least")
    if len(set(secret)) == 1:
        raise _refused(f"the key of entry {place} is one byte again and again, which is no secret")
    return Key(key_id, secret)


def _refused(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{VARIABLE}: {why}.", remedy="Nothing of it is shown here; `openssl rand -hex 32` makes a key."
    )
