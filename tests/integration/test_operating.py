"""The pages on operating do what they say: every command is one, and the whole of them runs on a small company."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
import typer

from tests.integration.test_docs import DOCS, Reader, reader

__all__ = ["reader"]

PAGES = ("operating", *sorted(f"runbooks/{page.stem}" for page in (DOCS / "runbooks").glob("*.md")))
_BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(cdp [^`]+)`")
_PLACE = "/var/backups/cdp-monday"
ORDERS = """\
ordered_at,order_id,email,phone,first_name,last_name,city,product,quantity,amount,currency,newsletter
{day} 09:00:00,n1,nora@example.com,+12025550177,Nora,Nilsen,Oslo,Tea,1,12.00,USD,yes
"""


def blocks(page: str) -> list[str]:
    return _BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))


def commands(page: str) -> Iterator[list[str]]:
    """The words of every `cdp …` of a page, in blocks and in the text."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    lines = [line for block in blocks(page) for line in block.splitlines() if line.startswith("cdp ")]
    for line in [*lines, *_INLINE.findall(text)]:
        if '"' not in line or line.count('"') % 2 == 0:
            yield shlex.split(line)[1:]


@pytest.fixture(scope="module")
def cli() -> click.Command:
    app = typer.Typer()
    for plugin in entry_points(group="cdp.commands"):
        plugin.load()(app)
    return typer.main.get_command(app)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_one(cli: click.Command, page: str) -> None:
    for words in commands(page):
        found, rest = cli, list(words)
        while isinstance(getattr(found, "commands", None), dict) and rest:
            known = found.commands  # type: ignore[attr-defined]
            assert rest[0] in known, f"{page}: cdp {' '.join(words)}"
            found = known[rest.pop(0)]
        options = {option for parameter in found.params for option in parameter.opts + parameter.secondary_opts}
        asked = {word for word in rest if word.startswith("--")}
        assert found.context_settings.get("ignore_unknown_options") or asked <= options | {"--help"}, (
            f"{page}: {asked - options}"
        )


def follow(reader: Reader, page: str, **meant: str) -> None:
    """Type every block of a page; words that stand for something are replaced."""
    for block in blocks(page):
        for word, value in meant.items():
            block = re.sub(rf"\b{word}\b", value, block)  # noqa: PLW2901
        reader.type(block)


@pytest.mark.proof
def test_the_pages_as_written(reader: Reader, tmp_path: Path) -> None:
    """Two generations, back and forth; a new key; a backup, and its restoration on an empty desk."""
    backup = str(tmp_path / "cdp-monday")
    reader.type("cdp init shop")
    shop = reader.folder = reader.folder / "shop"
    reader.type("cdp run")
    (shop / "inbox/shop/new.csv").write_text(ORDERS.format(day="2024-05-02"))
    reader.type("cdp run")
    for block in blocks("operating"):
        reader.type(block.replace(_PLACE, backup))
    listed = json.loads(reader.type("cdp generations list --json"))
    assert len(listed) >= 2
    follow(reader, "runbooks/rollback")
    (shop / ".env").write_text("ESP_KEY=old\n")
    (shop / "new-key.txt").write_text("new\n")
    follow(reader, "runbooks/vendor-credentials", NAME="esp_newsletter")
    assert (shop / ".env").read_text() == "ESP_KEY=new\n"
    assert not (shop / "new-key.txt").exists()
    restored(reader, shop, backup)


def restored(reader: Reader, shop: Path, backup: str) -> None:
    elsewhere = shop.with_name("elsewhere")
    for name in ("dbt_project", "activation"):
        shutil.copytree(shop / name, elsewhere / name, ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copy(shop / "cdp.yml", elsewhere)
    (elsewhere / "var").mkdir()
    shutil.copy(shop / "var/outbox.key", elsewhere / "var")
    reader.folder = elsewhere
    first, plan, run = (block.replace(_PLACE, backup) for block in blocks("runbooks/restore"))
    reader.type(first)
    assert [row["add"] + row["update"] + row["remove"] for row in json.loads(reader.type("cdp plan --json"))] == [0]
    reader.type(plan)
    reader.type(run)
    assert [row["planned"] for row in json.loads(reader.type("cdp run --json"))["syncs"]] in ([0], [])
