"""How rows are kept in the operational store: Arrow's stream format, compressed, and sealed where they are personal."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from cdp.errors import ConfigurationError

VARIABLE = "CDP_OUTBOX_KEYS"
_ARROW_STREAM = b"\xff\xff\xff\xff"
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


def packed(rows: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as writer:
        writer.write_batch(rows)
    return bytes(sink.getvalue())


def unpacked(payload: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(payload) as reader:
        return reader.read_next_batch()


class Seal:
    """Closes what waits in the outbox, with Fernet: the first key closes, any of them opens."""

    def __init__(self, keys: list[str]) -> None:
        """Raises ConfigurationError where a key is none."""
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            told = f"a key in {VARIABLE} is not 32 bytes in URL-safe base64."
            raise ConfigurationError(told, remedy="Make one: cdp sync new-key") from None

    @classmethod
    def of(cls, folder: Path) -> Seal:
        """The keys of `CDP_OUTBOX_KEYS` (`new,old`), else one that is made once and kept in `folder`."""
        given = os.environ.get(VARIABLE, "")
        keys = [key.strip() for key in given.split(",") if key.strip()]
        return cls(keys or [_kept_key(folder / "outbox.key")])

    def close(self, rows: pa.RecordBatch) -> bytes:
        return self._fernet.encrypt(packed(rows))

    def open(self, payload: bytes) -> pa.RecordBatch:
        """Raises ConfigurationError where no key opens it."""
        if payload.startswith(_ARROW_STREAM):  # queued before payloads were sealed
            return unpacked(payload)
        try:
            return unpacked(self._fernet.decrypt(payload))
        except InvalidToken:
            raise ConfigurationError(
                "what waits in the outbox was sealed with a key that is not there.",
                remedy=f"Put that key back into {VARIABLE}, behind the new one, until the outbox is empty.",
            ) from None


def new_key() -> str:
    return Fernet.generate_key().decode()


def _kept_key(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(new_key())
    except FileExistsError:
        pass
    return file.read_text().strip()
