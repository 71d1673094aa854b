"""Where files are put, as far as publishing goes."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Protocol

from reverse_etl.engine.words import Reply, Verdict

NOT_THERE = Reply(Verdict.RETRY, "unreachable", "the destination cannot be reached")
CONNECTION_LOST = Reply(Verdict.RETRY, "connection_lost", "the connection broke before the answer came", is_lost=True)
FULL = Reply(Verdict.RETRY, "disk_full", "there is no room left for the file")
NO_RIGHT = Reply(Verdict.FATAL, "no_right", "we may not read or write there")

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class PlaceError(Exception):
    """A place did not do what was asked of it; `reply` is what that means to a batch."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.code)
        self.reply = reply


class Place(Protocol):
    """A folder of files. Every method raises PlaceError."""

    def fetch(self, name: str, to: Path) -> bool:
        """Copy a file to this machine; False where there is none of that name."""
        ...

    def publish(self, content: Path, name: str) -> None:
        """Put a file there all at once: a reader sees what was there, or all of what is new."""
        ...

    def close(self) -> None: ...


def meaning_of(error: OSError) -> Reply:
    """What an error of this machine's own files means."""
    if error.errno in _FULL:
        return FULL
    if error.errno in _NO_RIGHT:
        return NO_RIGHT
    return Reply(Verdict.RETRY, "file_error", "a file could not be read or written")
