"""One day of the demo as it was delivered, and how a test spoils it before anybody has looked at it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from cdp.demo.year import DemoYear
from cdp.project import Project

ORDERS, RETURNS, WEB, TILLS = "shop/orders", "shop/returns", "web", "pos"
LOYALTY, CONSENT, MAILINGS, TICKETS = "loyalty", "consent", "esp", "support"
CRM_FILE = "var/demo/crm.sqlite"
ENCODINGS = {TILLS: "windows-1251"}
Lines = list[str]


@dataclass(frozen=True)
class Day:
    """The files that came with it; `before` are those that were there. `originals` keeps the true ones."""

    root: Path
    inbox: Path
    before: frozenset[Path]
    today: tuple[Path, ...]
    originals: Path

    @classmethod
    def deliver(cls, root: Path, originals: Path) -> Day:
        """Let the next day come to the demo in `root`."""
        project = Project.load(root)
        return cls(root, project.inbox, frozenset(_files(project.inbox)), (), originals).and_another()

    def and_another(self) -> Day:
        """The same with one day more."""
        there = _files(self.inbox)
        DemoYear(Project.load(self.root)).next_days()
        new = sorted(_files(self.inbox) - there)
        for file in new:
            _copy(file, self.originals / "inbox" / file.relative_to(self.inbox))
        _copy(self.root / CRM_FILE, self.originals / CRM_FILE)
        return replace(self, today=(*self.today, *new))

    def repair(self) -> None:
        """Put the true files where they belong, as whoever delivers would: the same names, written anew."""
        for file in _files(self.inbox) - self.before:
            file.unlink()
        for file in sorted(_files(self.originals / "inbox")):
            _copy(file, self.inbox / file.relative_to(self.originals / "inbox"))
        _copy(self.originals / CRM_FILE, self.root / CRM_FILE)

    @property
    def yesterday(self) -> list[Path]:
        """The files of the day before."""
        last = DemoYear(Project.load(self.root)).delivered_until
        assert last is not None
        return sorted(file for file in self.before if _is_of(last - timedelta(days=2), file.relative_to(self.inbox)))

    def files(self, source: str) -> list[Path]:
        """Today's files of a source, by name."""
        return [file for file in self.today if file.is_relative_to(self.inbox / source)]

    def drop(self, source: str) -> None:
        """Nothing comes of a source."""
        for file in self.files(source):
            file.unlink()

    def bytes(self, source: str, change: Callable[[bytes], bytes]) -> None:
        """Change what each file is made of."""
        for file in self.files(source):
            _write(file, change(file.read_bytes()))

    def lines(self, source: str, change: Callable[[Lines], Lines]) -> None:
        """Change the lines of each text file; where it has a header, that is the first of them."""
        encoding = ENCODINGS.get(source, "utf-8")
        self.bytes(source, lambda content: _joined(change(content.decode(encoding).splitlines())).encode(encoding))

    def cells(self, source: str, change: Callable[[dict[str, str]], dict[str, str]], separator: str = ";") -> None:
        """Change each record of a CSV; a record may lose, gain or rename columns. Lines that lack one are dropped."""

        def changed(lines: Lines) -> Lines:
            header, *records = (line.split(separator) for line in lines)
            whole = (record for record in records if len(record) == len(header))
            rows = [change(dict(zip(header, record, strict=True))) for record in whole]
            return [separator.join(rows[0]), *(separator.join(row.values()) for row in rows)]

        self.lines(source, changed)

    def objects(self, source: str, change: Callable[[list[Any]], list[Any]]) -> None:
        """Change the JSON objects of each NDJSON file, all of a file at once; lines that are no JSON are dropped."""

        def changed(lines: Lines) -> Lines:
            return [json.dumps(each, ensure_ascii=False) for each in change([*filter(None, map(_object, lines))])]

        self.lines(source, changed)

    def rows(self, source: str, query: str) -> None:
        """Change each Parquet file into what `query` makes of its `rows`."""
        for file in self.files(source):
            draft = file.with_name(f"{file.name}.part")
            with duckdb.connect() as engine:
                engine.read_parquet(str(file)).create_view("rows")
                engine.sql(query).write_parquet(str(draft))
            draft.replace(file)

    def crm(self, statement: str) -> None:
        """Run a statement in the CRM."""
        with sqlite3.connect(self.root / CRM_FILE) as contacts:
            contacts.execute(statement)
        contacts.close()

    def edit(self, name: str, old: str, new: str) -> None:
        """Change the text of one file of the project, found by its name: a rule, or a model."""
        (file,) = [found for room in ("activation", "dbt_project") for found in (self.root / room).rglob(name)]
        text = file.read_text()
        assert old in text, f"{name} has no {old!r} any more"
        _write(file, text.replace(old, new).encode())


def _files(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file()}


def _is_of(day: date, name: Path) -> bool:
    return any(f"{day:{form}}" in str(name) for form in ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d"))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, source.read_bytes())


def _write(file: Path, content: bytes) -> None:
    # Never in place: a template may share the file.
    draft = file.with_name(f"{file.name}.part")
    draft.write_bytes(content)
    draft.replace(file)


def _joined(lines: Lines) -> str:
    return "".join(f"{line}\n" for line in lines)


def _object(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
