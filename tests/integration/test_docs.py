"""The walks through `docs/` do what they say: their files and their commands, one page after the other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("your-own-company", "adding-a-source", "adding-a-destination")
RUN = "cdp run\n"
BLOCK = re.compile(r"^```(bash|yaml|sql|python|toml|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r"(?:#|--) (\S+)\n")

Step = tuple[str, str]


def steps(page: str) -> list[Step]:
    """What a page has its reader do, by the language of the block; `cdp run` is a step of its own."""
    found: list[Step] = []
    for language, text in BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8")):
        parts = re.split(f"^({RUN})", text, flags=re.MULTILINE) if language == "bash" else [text]
        found += [(language, part) for part in parts if part]
    return found


def around_the_run(page: str) -> tuple[list[Step], list[Step]]:
    """The steps of a page before its run, and those after it."""
    found = steps(page)
    position = found.index(("bash", RUN))
    return found[:position], found[position + 1 :]


@dataclass
class Reader:
    """Somebody who follows the pages to the letter, and stands in `folder`."""

    folder: Path
    environment: Mapping[str, str]

    def follow(self, given: Iterable[Step]) -> None:
        for language, text in given:
            if language == "bash":
                self.type(text)
            elif language == "diff":
                self.change(text)
            else:
                self.write(text)

    def type(self, commands: str) -> str:
        """Run commands in a shell, and stay where they end; what they printed."""
        shell = ["bash", "-euo", "pipefail", "-c", f"{commands}\npwd"]
        ended = subprocess.run(
            shell, cwd=self.folder, env=dict(self.environment), capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{commands}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
        *printed, where = ended.stdout.splitlines()
        self.folder = Path(where)
        return "\n".join(printed)

    def write(self, text: str) -> None:
        title = TITLE.match(text)
        assert title, f"a block without the name of its file: {text[:80]}"
        file = self.folder / title[1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def change(self, text: str) -> None:
        title = TITLE.match(text)
        assert title, f"a change without the name of its file: {text[:80]}"
        file, lines = self.folder / title[1], text[title.end() :].splitlines()
        before, after = ("".join(f"{line[1:]}\n" for line in lines if line[0] != sign) for sign in "+-")
        content = file.read_text(encoding="utf-8")
        assert content.count(before) == 1, f"{title[1]} does not say once:\n{before}"
        file.write_text(content.replace(before, after), encoding="utf-8")

    def standing(self) -> dict[str, int]:
        """Members by account and list, as the tools themselves have them."""
        rows: list[dict[str, Any]] = json.loads(self.type("cdp sandbox show --json"))
        return {f"{row['account']}/{row['name']}": row["members"] for row in rows}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader in an empty folder, whose `pip install` goes into a folder beside it."""
    installed = tmp_path / "installed"
    own = {name: value for name, value in os.environ.items() if not name.startswith("CDP_")}
    environment = {
        **own,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_TARGET": str(installed),
        "PYTHONPATH": str(installed),
        "COLUMNS": "200",
    }
    desk = tmp_path / "desk"
    desk.mkdir()
    yield Reader(desk, environment)


def test_the_pages_together_end_in_a_company_with_two_sources_and_two_tools(reader: Reader) -> None:
    """Every step of every page; one run does the work of the three."""
    halves = [around_the_run(page) for page in PAGES]
    reader.follow(chain.from_iterable(before for before, _ in halves))
    told = json.loads(reader.type("cdp run --json"))
    assert (told["landing"]["landed"], told["landing"]["rejected"]) == (35, 1)
    assert told["contents"]["customers"] == 21
    assert {sync["sync"]: sync["ok"] for sync in told["syncs"]} == {"esp_newsletter": 8, "mail_regulars": 3}
    reader.follow(chain.from_iterable(after for _, after in halves))


@pytest.mark.proof
def test_each_page_does_what_it_says(reader: Reader) -> None:
    """Every page as written, with its own run."""
    reader.follow(steps("your-own-company"))
    assert reader.standing() == {"esp/newsletter": 7}
    again = json.loads(reader.type("cdp run --json"))
    assert again["landing"]["landed"] == 0
    assert [sync["planned"] for sync in again["syncs"]] == [0]
    reader.follow(steps("adding-a-source"))
    assert reader.standing() == {"esp/newsletter": 8}
    reader.follow(steps("adding-a-destination"))
    assert reader.standing() == {"esp/newsletter": 8, "mail/regulars": 3}
