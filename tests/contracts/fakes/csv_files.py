"""A folder, an SFTP server and an S3 bucket, all real, the latter two behind a line that breaks."""

from __future__ import annotations

import asyncio
import atexit
import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import asyncssh
import boto3
import httpx
from moto.server import ThreadedMotoServer
from pyarrow import fs

from reverse_etl.destinations.connector import Account, Connector, Secret, Target
from reverse_etl.destinations.csv_files import FOLDER, S3, SFTP
from reverse_etl.sandbox.faults import Fault, Faults
from tests.contracts.case import Case, email, person
from tests.contracts.line import Line

OBJECT, USER, PASSWORD = "newsletter", "crm", "the password at the SFTP server"
BUCKET, PREFIX = "cdp-exports", "für ø/"
_LINE = frozenset({Fault.LOSE_BEFORE, Fault.LOSE_AFTER, Fault.HALF_ANSWER, Fault.HANG})
_TARGET = Target(OBJECT, options={"key_column": "email"})


@dataclass
class FilesTool:
    """Files at `url`, of which a reader sees those at `files`."""

    url: str
    files: fs.FileSystem
    faults: Faults = field(default_factory=Faults)

    def names(self) -> set[str]:
        return {found.base_name for found in self.files.get_file_info(fs.FileSelector("", allow_not_found=True))}

    def content(self, name: str = f"{OBJECT}.csv") -> bytes:
        with self.files.open_input_stream(name) as file:
            return bytes(file.read())

    def put(self, name: str, content: bytes) -> None:
        with self.files.open_output_stream(name) as file:
            file.write(content)

    def rows(self, name: str = f"{OBJECT}.csv") -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.content(name).decode(), newline="")))

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content(f"{OBJECT}.manifest.json"))
        return found

    def members(self) -> set[str]:
        files = [name for name in self.names() if name.endswith(".csv") and not name.startswith(".")]
        return {row["email"] for name in files for row in self.rows(name)}

    def stranger(self) -> str:
        self.put("theirs.csv", b"email\ntheirs\n")
        return "theirs"

    def repeated(self) -> int:
        return 0


@contextmanager
def folder_tool(folder: Path) -> Iterator[FilesTool]:
    place = folder / "Ausgang (für Ø) 100%"
    place.mkdir()
    yield FilesTool(f"file://{quote(str(place))}", fs.SubTreeFileSystem(str(place), fs.LocalFileSystem()))


class Server(asyncssh.SSHServer):
    """Lets `crm` in by password or by `keys`, and remembers who `came`."""

    keys: frozenset[bytes] = frozenset()

    def __init__(self, came: list[asyncssh.SSHServerConnection]) -> None:
        self._came = came

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._came.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key.public_data in self.keys


@cache
def host_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def public_host_key() -> str:
    return host_key().export_public_key().decode().strip()


@contextmanager
def sftp_server(place: Path, sftp: type[asyncssh.SFTPServer] = asyncssh.SFTPServer) -> Iterator[int]:
    """The port of an SFTP server, in a thread, for which `place` is all there is."""
    loop, came = asyncio.new_event_loop(), list[asyncssh.SSHServerConnection]()
    thread = Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Server(came),
            server_host_keys=[host_key()],
            sftp_factory=lambda channel: sftp(channel, chroot=str(place).encode()),
        )

    async def leave(listener: asyncssh.SSHAcceptor) -> None:
        listener.close()
        for connection in came:
            connection.abort()
            await connection.wait_closed()
        await listener.wait_closed()
        await asyncio.sleep(0)

    listener = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    try:
        yield listener.get_port()
    finally:
        asyncio.run_coroutine_threadsafe(leave(listener), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def sftp_tool(folder: Path, sftp: type[asyncssh.SFTPServer] = asyncssh.SFTPServer) -> Iterator[FilesTool]:
    place = folder / "served"
    (place / "Für Ø").mkdir(parents=True)
    with sftp_server(place, sftp) as port, Line(("127.0.0.1", port)).up() as line:
        files = fs.SubTreeFileSystem(str(place / "Für Ø"), fs.LocalFileSystem())
        yield FilesTool(f"sftp://{USER}@127.0.0.1:{line.port}/{quote('Für Ø')}", files, line.faults)


@dataclass(frozen=True)
class _Moto:
    """A server that checks signatures, and who may do what: `key` may do everything, `poor` nothing."""

    port: int
    key: tuple[str, str]
    poor: tuple[str, str]


@cache
def moto() -> _Moto:
    """One S3 server for all tests of this process."""
    server, stack = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False), ExitStack()
    server.start()
    stack.callback(server.stop)
    atexit.register(stack.close)
    port = server.get_host_and_port()[1]
    url = f"http://127.0.0.1:{port}"
    iam = boto3.client("iam", "us-east-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x")
    keys = []
    for user in ("rich", "poor"):
        iam.create_user(UserName=user)
        made = iam.create_access_key(UserName=user)["AccessKey"]
        keys.append((made["AccessKeyId"], made["SecretAccessKey"]))
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="rich", PolicyName="all", PolicyDocument=json.dumps(allowed))
    httpx.post(f"{url}/moto-api/reset-auth", content=b"0").raise_for_status()
    return _Moto(port, keys[0], keys[1])


@contextmanager
def s3_tool(_: Path) -> Iterator[FilesTool]:
    owner = fs.S3FileSystem(
        access_key=moto().key[0],
        secret_key=moto().key[1],
        endpoint_override=f"127.0.0.1:{moto().port}",
        scheme="http",
        allow_bucket_creation=True,
    )
    owner.create_dir(f"{BUCKET}/{PREFIX}")
    owner.delete_dir_contents(BUCKET)
    with Line(("127.0.0.1", moto().port)).up() as line:
        files = fs.SubTreeFileSystem(f"{BUCKET}/{PREFIX}", owner)
        yield FilesTool(f"http://127.0.0.1:{line.port}", files, line.faults)


def _case(name: str, connector: Connector, serve: Callable[[Path], AbstractContextManager[FilesTool]]) -> Case:
    return Case(
        name, connector, serve, _TARGET, email, person, None, PASSWORD, ["anna", "Anna"], faults=_LINE,
        refuses_too_many=False,
    )  # fmt: skip


def s3_options() -> dict[str, str]:
    return {"bucket": BUCKET, "access_key_id": moto().key[0], "prefix": PREFIX}


@dataclass(frozen=True)
class _S3Case(Case):
    """Its keys are known only once the server is up."""

    def account(self, base_url: str, secret: str | None = None) -> Account:
        return Account(self.name, base_url, Secret(secret or moto().key[1]), s3_options())


CASES = [
    replace(_case("csv_folder", FOLDER, folder_tool), faults=frozenset(), wrong_secret=None),
    replace(_case("csv_sftp", SFTP, sftp_tool), options={"host_key": public_host_key()}),
    # Of the answer that a file is not there, half says all.
    _S3Case(**{**vars(_case("csv_s3", S3, s3_tool)), "faults": _LINE - {Fault.HALF_ANSWER}}),
]
