"""One connection to a database, that neither opens nor waits for ever."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import psycopg2
from psycopg2.sql import Composed, Identifier

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.postgres.config import AccountOptions

CONNECT_SECONDS = 5
_GRACE_SECONDS = 5.0
_CHECKED = frozenset({"verify-ca", "verify-full"})


def address_of(account: Account) -> dict[str, Any]:
    """Host, port, user and database of an account's `base_url`.

    Raises ConfigurationError where it holds a password: that belongs into the environment.
    """
    url = urlsplit(account.base_url)
    if url.password is not None:
        raise ConfigurationError(
            f"the `base_url` of `{account.name}` holds a password.",
            remedy="Write it to the variable that `secret_env` names, and take it out of cdp.yml.",
        )
    named = {"user": url.username, "dbname": url.path.removeprefix("/")}
    told = {name: unquote(value) for name, value in named.items() if value}
    return {"host": url.hostname, "port": url.port or 5432, **told}


class Session:
    """A connection with one transaction at a time, whose every step ends: the server gives a statement up after a
    while, and where it fell silent the line is cut, for libpq itself would wait for ever.
    """

    def __init__(self, account: Account, options: AccountOptions) -> None:
        """Raises psycopg2.OperationalError, as every method does."""
        milliseconds = int(options.statement_timeout * 1000)
        trusted = {"sslrootcert": _authorities(options)} if options.sslmode in _CHECKED else {}
        self._connection = psycopg2.connect(
            **address_of(account),
            password=account.secret.reveal(),
            sslmode=options.sslmode,
            **trusted,
            connect_timeout=CONNECT_SECONDS,
            application_name="cdp",
            client_encoding="UTF8",
            options=f"-c statement_timeout={milliseconds} -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres",
        )
        self._cursor, self._patience = self._connection.cursor(), options.statement_timeout + _GRACE_SECONDS

    def execute(self, statement: str | Composed, *values: Any) -> list[tuple[Any, ...]]:
        """The rows that it gives, none where it gives none."""
        with self._watched():
            self._cursor.execute(statement, values or None)
            return self._cursor.fetchall() if self._cursor.description else []

    def copy(self, statement: str, content: IO[bytes]) -> None:
        with self._watched():
            self._cursor.copy_expert(statement, content)

    def commit(self) -> None:
        with self._watched():
            self._connection.commit()

    def shown(self, name: Identifier) -> str:
        """A name as SQL has it."""
        return str(name.as_string(self._connection))

    def close(self) -> None:
        with suppress(psycopg2.Error):
            self._connection.close()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        with socket.socket(fileno=os.dup(self._connection.fileno())) as line:
            watch = Timer(self._patience, _cut, [line])
            watch.start()
            try:
                yield
            finally:
                watch.cancel()
                watch.join()


def _authorities(options: AccountOptions) -> str:
    """The file with the authorities: a libpq that came with psycopg2 does not know where this machine keeps them."""
    machine = ssl.get_default_verify_paths().cafile if options.sslrootcert == "system" else None
    return machine or options.sslrootcert


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
