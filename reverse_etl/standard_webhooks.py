"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, moment and body, with every key that is given."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def keys_of(account: Account) -> list[bytes]:
    """The signing keys of an account: one, or, while it is being changed, the new one and the old one.

    Raises ConfigurationError where one is not such a key.
    """
    keys = [_key(part) for part in account.secret.reveal().split()]
    if not keys or not all(_SHORTEST <= len(key) <= _LONGEST for key in keys):
        raise ConfigurationError(
            f"the credential of `{account.name}` is no signing key of a webhook.",
            remedy=f"It is `{_PREFIX}` and {_SHORTEST} to {_LONGEST} random bytes in base64; two have a space between.",
        )
    return keys


def headers_of(keys: list[bytes], name: str, moment: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt: `name` stays the same for every attempt, `moment` (epoch seconds) does not."""
    identity = name.replace(".", "_")  # the signed text is divided by dots
    signed = f"{identity}.{moment}.".encode() + body
    digests = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{digest}" for digest in digests),
    }


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True) if text.startswith(_PREFIX) else b""
    except binascii.Error:
        return b""
