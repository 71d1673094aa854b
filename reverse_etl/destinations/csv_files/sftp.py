"""A folder of an SFTP server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import asyncssh

from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.csv_files.place import CONNECTION_LOST, FULL, NO_RIGHT, NOT_THERE, PlaceError
from reverse_etl.destinations.csv_files.sftp_login import Login
from reverse_etl.engine.words import Reply, Verdict

ANSWER_SECONDS = 60.0
_CHUNK = 1_000_000

# The first that fits; what fits none is a broken connection.
_MEANINGS: dict[tuple[type[Exception], ...], Reply] = {
    (asyncssh.HostKeyNotVerifiable,): Reply(
        Verdict.FATAL, "host_key", "the server's key is not the one that `host_key` declares"
    ),
    (asyncssh.PermissionDenied,): Reply(
        Verdict.FATAL, "not_let_in", "the server does not accept our user, password or key"
    ),
    (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect): NO_RIGHT,
    (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath): Reply(Verdict.FATAL, "no_folder", "the folder is not there"),
    (asyncssh.SFTPOpUnsupported,): Reply(
        Verdict.FATAL, "cannot_replace", "the server cannot replace a file in one step"
    ),
    (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded): FULL,
    (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection): CONNECTION_LOST,
    (asyncssh.SFTPError,): Reply(Verdict.RETRY, "refused", "the server could not do it: its disk may be full"),
}

Result = TypeVar("Result")


class SftpFolder:
    """See `Place`."""

    def __init__(self, account: Account) -> None:
        self._login, self._loop = Login.of(account), asyncio.Runner()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def fetch(self, name: str, to: Path) -> bool:
        return self._run(self._fetch(name, to))

    def publish(self, content: Path, name: str) -> None:
        self._run(self._publish(content, name))

    def close(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
            self._loop.run(connection.wait_closed())
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return self._loop.run(work)
        except (asyncssh.Error, OSError) as error:
            self.close()
            self._loop = asyncio.Runner()
            found = (meaning for kinds, meaning in _MEANINGS.items() if isinstance(error, kinds))
            raise PlaceError(next(found, CONNECTION_LOST)) from None

    async def _opened(self) -> asyncssh.SFTPClient:
        if self._client is None:
            try:
                self._connection = await self._login.connect()
            except (ConnectionResetError, BrokenPipeError):
                raise
            except OSError:
                raise PlaceError(NOT_THERE) from None
            self._client = await _soon(self._connection.start_sftp_client())
        return self._client

    async def _fetch(self, name: str, to: Path) -> bool:
        client = await self._opened()
        try:
            source = await _soon(client.open(self._path(name), "rb"))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return False
        with to.open("wb") as target:
            while chunk := await _soon(source.read(_CHUNK)):
                target.write(chunk)
        await _soon(source.close())
        return True

    async def _publish(self, content: Path, name: str) -> None:
        client = await self._opened()
        for other in await _soon(client.listdir(self._login.folder)):
            if str(other).startswith(f".{name}.") and str(other).endswith(".tmp"):
                await _soon(client.remove(self._path(str(other))))
        written = self._path(f".{name}.{token_hex(8)}.tmp")
        target = await _soon(client.open(written, "wb"))
        with content.open("rb") as source:
            while chunk := source.read(_CHUNK):
                await _soon(target.write(chunk))
        with suppress(asyncssh.SFTPOpUnsupported):
            await _soon(target.fsync())
        await _soon(target.close())
        await _soon(client.posix_rename(written, self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._login.folder.rstrip('/')}/{name}"


async def _soon(answer: Any) -> Any:
    """An answer, or TimeoutError: a peer may be slow, but it must not fall silent."""
    async with asyncio.timeout(ANSWER_SECONDS):
        return await answer
