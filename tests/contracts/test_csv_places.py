"""Places that are full, closed, slow, strange, or break in the middle of a file."""

from __future__ import annotations

import asyncio
import gc
import resource
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account, Secret
from reverse_etl.destinations.csv_files import folder as folder_place
from reverse_etl.destinations.csv_files import sftp as sftp_place
from reverse_etl.destinations.csv_files.folder import Folder
from reverse_etl.destinations.csv_files.place import Place, PlaceError
from reverse_etl.destinations.csv_files.s3 import Bucket
from reverse_etl.destinations.csv_files.sftp import SftpFolder
from reverse_etl.engine.words import Reply, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.fakes.csv_files import (
    CASES,
    PASSWORD,
    Server,
    folder_tool,
    moto,
    public_host_key,
    s3_options,
    s3_tool,
    sftp_tool,
)
from tests.contracts.line import Line

_BIG = 21_000_000  # two parts of Arrow's, and some


@pytest.fixture
def content(tmp_path: Path) -> Path:
    file = tmp_path / "content"
    file.write_bytes(b"new\n" * 1000)
    return file


@contextmanager
def place(kind: type, account: Account) -> Iterator[Place]:
    built = kind(account)
    yield built
    built.close()


def refusal(built: Place, content: Path) -> Reply:
    with pytest.raises(PlaceError) as told:
        built.publish(content, "a.csv")
    return told.value.reply


def said(reply: Reply) -> tuple[Verdict, str]:
    return reply.verdict, reply.code


def test_a_full_disk_is_told_and_leaves_the_old_file_and_no_rubbish(tmp_path: Path, content: Path) -> None:
    with folder_tool(tmp_path) as tool, place(Folder, CASES[0].account(tool.url)) as built:
        tool.put("a.csv", b"old")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            assert said(refusal(built, content)) == (Verdict.RETRY, "disk_full")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (tool.names(), tool.content("a.csv")) == ({"a.csv"}, b"old")


def test_what_a_killed_process_left_is_cleaned_away(tmp_path: Path, content: Path) -> None:
    with folder_tool(tmp_path) as tool, place(Folder, CASES[0].account(tool.url)) as built:
        tool.put(".a.csv.0123456789abcdef.tmp", b"half")
        built.publish(content, "a.csv")
        assert tool.names() == {"a.csv"}


def test_a_folder_that_is_not_mounted_is_not_made(tmp_path: Path, content: Path) -> None:
    with place(Folder, Account("drop", f"file://{tmp_path}/mnt", Secret(""))) as built:
        assert said(refusal(built, content)) == (Verdict.RETRY, "unreachable")
    assert not (tmp_path / "mnt").exists()


def test_a_folder_that_we_may_not_write_to_is_fatal(
    tmp_path: Path, content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "anna.csv")

    monkeypatch.setattr(folder_place, "_write", refused)  # the tests may run as root, who may do everything
    with folder_tool(tmp_path) as tool, place(Folder, CASES[0].account(tool.url)) as built:
        assert said(refusal(built, content)) == (Verdict.FATAL, "no_right")


class Crammed(asyncssh.SFTPServer):
    """Has room for so many bytes."""

    room = 1000

    def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        if offset + len(data) > self.room:
            raise asyncssh.SFTPFailure("No space left on device")
        return super().write(file_obj, offset, data)  # type: ignore[return-value]


class ReadOnly(asyncssh.SFTPServer):
    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & asyncssh.FXF_WRITE:
            raise asyncssh.SFTPPermissionDenied("no")
        return super().open(path, pflags, attrs)


class Plain(asyncssh.SFTPServer):
    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("no")


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (Crammed, (Verdict.RETRY, "refused")),
        (ReadOnly, (Verdict.FATAL, "no_right")),
        (Plain, (Verdict.FATAL, "cannot_replace")),
    ],
)
def test_what_an_sftp_server_cannot_do_leaves_the_old_file(
    tmp_path: Path, content: Path, server: type[asyncssh.SFTPServer], expected: tuple[Verdict, str]
) -> None:
    with sftp_tool(tmp_path, server) as tool, place(SftpFolder, CASES[1].account(tool.url)) as built:
        tool.put("a.csv", b"old")
        assert said(refusal(built, content)) == expected
        assert tool.content("a.csv") == b"old"


def test_a_folder_that_an_sftp_server_does_not_have_is_fatal(tmp_path: Path, content: Path) -> None:
    with sftp_tool(tmp_path) as tool, place(SftpFolder, CASES[1].account(f"{tool.url}/none")) as built:
        assert said(refusal(built, content)) == (Verdict.FATAL, "no_folder")


def test_a_server_with_another_host_key_gets_no_password(tmp_path: Path, content: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with sftp_tool(tmp_path) as tool:
        account = Account("drop", tool.url, Secret(PASSWORD), {"host_key": other})
        with place(SftpFolder, account) as built:
            assert said(refusal(built, content)) == (Verdict.FATAL, "host_key")


def test_a_private_key_lets_us_in(tmp_path: Path, content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    monkeypatch.setattr(Server, "keys", frozenset({key.public_data}))
    on_one_line = key.export_private_key().decode().strip().replace("\n", "\\n")
    with sftp_tool(tmp_path) as tool:
        account = Account("drop", tool.url, Secret(on_one_line), {"host_key": public_host_key()})
        with place(SftpFolder, account) as built:
            built.publish(content, "a.csv")
        assert tool.content("a.csv") == content.read_bytes()


@pytest.mark.parametrize(
    ("secret", "host_key", "told"),
    [("-----BEGIN OPENSSH", public_host_key(), "private key"), (PASSWORD, "ssh-ed25519 nothing", "public key")],
    ids=["private", "public"],
)
def test_what_is_no_key_is_refused_and_not_repeated(secret: str, host_key: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as error:
        SftpFolder(Account("drop", "sftp://crm@127.0.0.1", Secret(secret), {"host_key": host_key}))
    assert secret not in str(error.value)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="holds a password") as error:
        SftpFolder(CASES[1].account("sftp://crm:hush@127.0.0.1"))
    assert "hush" not in str(error.value)


class Slow(asyncssh.SFTPServer):
    """Answers, and takes its time."""

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:  # type: ignore[override]
        await asyncio.sleep(0.3)
        return super().write(file_obj, offset, data)  # type: ignore[return-value]


def test_a_slow_server_is_waited_for_and_a_silent_one_is_not(
    tmp_path: Path, content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sftp_tool(tmp_path, Slow) as tool, place(SftpFolder, CASES[1].account(tool.url)) as built:
        monkeypatch.setattr(sftp_place, "ANSWER_SECONDS", 2.0)
        built.publish(content, "a.csv")
        monkeypatch.setattr(sftp_place, "ANSWER_SECONDS", 0.1)
        reply = refusal(built, content)
        time.sleep(0.5)  # the server comes to an end with what it was doing
    assert (reply.verdict, reply.is_lost) == (Verdict.RETRY, True)


def test_what_is_written_can_be_read_by_those_it_is_for(tmp_path: Path, content: Path) -> None:
    with folder_tool(tmp_path) as tool, place(Folder, CASES[0].account(tool.url)) as built:
        built.publish(content, "a.csv")
    written = next(tmp_path.glob("*/a.csv"))
    assert stat.S_IMODE(written.stat().st_mode) & stat.S_IROTH


def test_a_part_of_an_upload_that_fails_leaves_the_old_object(tmp_path: Path) -> None:
    """Arrow closes what it opened whatever happened; closed is not completed."""
    big = tmp_path / "big"
    big.write_bytes(b"x" * _BIG)
    with s3_tool(tmp_path) as tool, Line(("127.0.0.1", moto().port), trigger=b"partNumber=2").up() as line:
        tool.put("a.csv", b"old")
        line.faults.script = [Fault.LOSE_BEFORE]
        account = Account("drop", f"http://127.0.0.1:{line.port}", Secret(moto().key[1]), s3_options())
        with place(Bucket, account) as built:
            assert refusal(built, big).verdict is Verdict.RETRY
            assert line.faults.script == []
            gc.collect()
            assert tool.content("a.csv") == b"old"
            built.publish(big, "a.csv")
        assert len(tool.content("a.csv")) == _BIG


def test_a_large_file_comes_back_as_it_went(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(range(256)) * 40_000)
    with sftp_tool(tmp_path) as tool, place(SftpFolder, CASES[1].account(tool.url)) as built:
        built.publish(big, "a.csv")
        assert built.fetch("a.csv", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == big.read_bytes()


@pytest.mark.parametrize(
    ("key", "options", "code"),
    [
        (lambda: moto().poor[1], lambda: {"access_key_id": moto().poor[0]}, "no_right"),
        (lambda: "wrong", dict, "not_let_in"),
        (lambda: "wrong", lambda: {"access_key_id": "AKIAXXXXXXXXXXXXXXXX"}, "not_let_in"),
        (lambda: moto().key[1], lambda: {"bucket": "no-such-bucket"}, "no_bucket"),
    ],
)
def test_what_s3_does_not_allow_is_fatal(tmp_path: Path, content: Path, key: Any, options: Any, code: str) -> None:
    with s3_tool(tmp_path) as tool:
        account = Account("drop", tool.url, Secret(key()), {**s3_options(), **options()})
        with place(Bucket, account) as built:
            assert said(refusal(built, content)) == (Verdict.FATAL, code)


def test_an_empty_answer_is_not_taken_for_an_empty_file(tmp_path: Path) -> None:
    with s3_tool(tmp_path) as tool, place(Bucket, CASES[2].account(tool.url)) as built:
        tool.put("a.csv", b"old")
        tool.faults.script = [Fault.HALF_ANSWER]
        with pytest.raises(PlaceError) as told:
            built.fetch("a.csv", tmp_path / "back")
    assert (told.value.reply.verdict, told.value.reply.is_lost) == (Verdict.RETRY, True)
