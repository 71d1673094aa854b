"""The commands and queries of the pages on identity, as somebody would type them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("identity", "identity-matching", "runbooks/over-merge")
_CODE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$|`(cdp [^`\n]+)`", re.MULTILINE | re.DOTALL)
# A command goes on where a line ends inside of quotes.
_COMMAND = re.compile(r'(?:[^"\n]|"[^"]*")+')
_INLINE = re.compile(r'--inline "(.*)"', re.DOTALL)
_MODEL = re.compile(r"\{\{ ref\('(\w+)'\) \}\}|\b((?:int|dim|rpt)_\w+)\b")


def commands(page: str) -> list[str]:
    """Every command of a page, of its blocks and of its text, in the order in which they stand."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return [
        command
        for found in _CODE.finditer(text)
        for command in ([found[3]] if found[3] else _typed(found[1], found[2]))
    ]


def _typed(language: str, block: str) -> Iterator[str]:
    for line in map(str.strip, _COMMAND.findall(block)):
        if language == "sh" or (not language and line.startswith("cdp ")):
            yield line
        elif language == "console" and line.startswith("$ "):
            yield line.removeprefix("$ ")


def queries(page: str) -> list[str]:
    """The SQL of a page: its own blocks, and what it gives to `cdp dbt show`."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    given = [inline for command in commands(page) for inline in _INLINE.findall(command)]
    return given + [block for language, block, _ in _CODE.findall(text) if language == "sql"]


def over(query: str, relation: Callable[[str], str]) -> str:
    """The query with its models replaced by where they are."""
    return _MODEL.sub(lambda found: relation(found[1] or found[2]), query)
