"""Text in another encoding, or broken UTF-8, rewritten as UTF-8 in a stream."""

from __future__ import annotations

from pathlib import Path

CHUNK = 1 << 20
UNDECODABLE = "\ufffd"


def to_utf8(source: Path, encoding: str, target: Path) -> Path:
    """Rewrite `source` as UTF-8; bytes that do not decode become U+FFFD, which typing sets aside by line."""
    with (
        source.open(encoding=encoding, errors="replace", newline="") as reader,
        target.open("w", encoding="utf-8", newline="") as writer,
    ):
        while chunk := reader.read(CHUNK):
            writer.write(chunk)
    return target


def is_utf8(source: Path) -> bool:
    try:
        with source.open(encoding="utf-8", newline="") as reader:
            while reader.read(CHUNK):
                pass
    except UnicodeDecodeError:
        return False
    return True
