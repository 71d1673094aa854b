"""A folder of this machine, or one that is mounted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from urllib.parse import unquote, urlsplit

from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.csv_files.place import NOT_THERE, PlaceError, meaning_of


class Folder:
    """See `Place`. The folder itself is never made: one that is missing may be a disk that is not mounted."""

    def __init__(self, account: Account) -> None:
        url = urlsplit(account.base_url)
        self._root = Path(unquote(url.path)) if url.netloc in {"", "localhost"} else None

    def fetch(self, name: str, to: Path) -> bool:
        with self._there() as root:
            try:
                shutil.copyfile(root / name, to)
            except FileNotFoundError:
                return False
        return True

    def publish(self, content: Path, name: str) -> None:
        with self._there() as root:
            for left_by_a_crash in root.glob(f".{name}.*.tmp"):
                left_by_a_crash.unlink(missing_ok=True)
            written = root / f".{name}.{token_hex(8)}.tmp"
            try:
                _write(content, written)
                written.replace(root / name)
            finally:
                written.unlink(missing_ok=True)
            _sync(root)

    def close(self) -> None:
        """Nothing is held."""

    @contextmanager
    def _there(self) -> Iterator[Path]:
        if self._root is None or not self._root.is_absolute():
            raise PlaceError(NOT_THERE)
        try:
            if not self._root.is_dir():
                raise PlaceError(NOT_THERE)
            yield self._root
        except OSError as error:
            raise PlaceError(meaning_of(error)) from None


def _write(content: Path, to: Path) -> None:
    with content.open("rb") as source, to.open("xb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
