"""How an SFTP server is found, known again, and logged in to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncssh

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.csv_files.config import SftpOptions

CONNECT_SECONDS = 10.0
_PRIVATE_KEY, _HOME = "-----BEGIN", "/~/"


@dataclass(frozen=True, slots=True)
class Login:
    """`folder` is absolute, or relative to the user's home; `entry` has the credential, and does not print itself."""

    host: str
    port: int
    user: str
    folder: str
    host_key: asyncssh.SSHKey
    entry: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, account: Account) -> Login:
        """Raises ConfigurationError where what is declared cannot be a server or a key."""
        url = urlsplit(account.base_url)
        if url.password is not None:
            raise ConfigurationError(
                f"the `base_url` of `{account.name}` holds a password.",
                remedy="Write it to the variable that `secret_env` names, and take it out of cdp.yml.",
            )
        folder = unquote(url.path).removeprefix(_HOME) or "."
        user = unquote(url.username or "")
        return cls(url.hostname or "", url.port or 22, user, folder, _host_key(account), _entry(account))

    async def connect(self) -> asyncssh.SSHClientConnection:
        """Nothing of this machine's own SSH set-up is used; raises OSError and asyncssh.Error."""
        return await asyncssh.connect(
            self.host,
            self.port,
            username=self.user,
            known_hosts=([self.host_key], [], []),
            config=[],
            agent_path=None,
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
            **self.entry,
        )


def _host_key(account: Account) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(SftpOptions.model_validate(account.options).host_key)
    except asyncssh.KeyImportError:
        raise ConfigurationError(
            f"the `host_key` of `{account.name}` is no public key.",
            remedy="`ssh-keyscan -t ed25519 HOST` shows it; compare it with what the server's owner tells you.",
        ) from None


def _entry(account: Account) -> dict[str, Any]:
    secret = account.secret.reveal()
    if not secret.startswith(_PRIVATE_KEY):
        return {"password": secret, "client_keys": None}
    try:
        return {"client_keys": [asyncssh.import_private_key(secret.replace("\\n", "\n"))], "password": None}
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise ConfigurationError(
            f"the credential of `{account.name}` begins like a private key, and is none.",
            remedy="It is the whole file of a key without a passphrase, or a password.",
        ) from None
