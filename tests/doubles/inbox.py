"""A company whose sources a test declares and fills: files of every format, and a database table."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp.declarations.sources import load_source_tables
from cdp.errors import DeclarationError
from cdp.landing.lake import Lake
from cdp.landing.land import LandingResult, TableLanding, land
from cdp.project import Project

MORNING = datetime(2024, 5, 1, 6)
SETTINGS = """\
name: test
clock: {kind: file, file: clock.json}
inbox: inbox
lake: lake
sql_sources:
  crm: {url_env: CDP_TEST_CRM_URL, file: crm.sqlite}
"""
FILES = """\
version: 2
sources:
  - name: raw_files
    tables:
      - name: receipts
        config: {meta: {landing: {format: csv, files: "receipts/*.csv", delimiter: ";", decimal: ",",
          encoding: windows-1251, timestamp_format: "%d.%m.%Y %H:%M:%S", date_format: "%d.%m.%Y"}}}
        columns:
          - {name: receipt_id, data_type: varchar, config: {meta: {required: true}}}
          - {name: amount, data_type: "decimal(18,2)"}
          - {name: closed_at, data_type: timestamp}
          - {name: closed_on, data_type: date}
          - {name: cashier, data_type: varchar}
      - name: people
        config: {meta: {landing: {format: csv, files: "people/*.csv"}}}
        columns:
          - {name: person_id, data_type: varchar, config: {meta: {required: true}}}
          - {name: email, data_type: varchar}
          - {name: orders, data_type: bigint}
      - name: events
        config: {meta: {landing: {format: ndjson, files: "events/**/*.ndjson"}}}
        columns:
          - {name: message_id, data_type: varchar, config: {meta: {required: true, from: messageId}}}
          - {name: email, data_type: varchar}
          - {name: sent_at, data_type: timestamp, config: {meta: {from: timestamp}}}
          - {name: properties, data_type: json}
          - {name: position, data_type: bigint}
      - name: tickets
        config: {meta: {landing: {format: json, files: "tickets/*.json"}}}
        columns:
          - {name: ticket_id, data_type: varchar, config: {meta: {required: true}}}
          - {name: score, data_type: bigint}
      - name: products
        config: {meta: {landing: {format: parquet, files: "products/*.parquet"}}}
        columns:
          - {name: product_id, data_type: varchar, config: {meta: {required: true}}}
          - {name: price, data_type: "decimal(18,2)"}
          - {name: listed_at, data_type: timestamp}
          - {name: details, data_type: json}
"""
CRM = """\
version: 2
sources:
  - name: raw_crm
    tables:
      - name: contacts
        config: {meta: {landing: {format: sql, table: contacts, key: [contact_id]}}}
        columns:
          - {name: contact_id, data_type: varchar, config: {meta: {required: true}}}
          - {name: city, data_type: varchar}
          - {name: born_on, data_type: date}
"""


class Company:
    """A project folder under `root`, with its inbox, its CRM, and a look into the lake."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        (root / "cdp.yml").write_text(SETTINGS)
        (root / "clock.json").write_text(json.dumps({"as_of": MORNING.isoformat()}))
        self.declare("files", FILES)
        self.project = Project.load(root)
        self.lake = Lake(self.project.lake)

    def declare(self, source: str, text: str) -> Path:
        """Write what `_<source>__sources.yml` says."""
        file = self.root / "dbt_project/models/staging" / source / f"_{source}__sources.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def deliver(self, name: str, content: bytes | str) -> Path:
        file = self.root / "inbox" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def deliver_parquet(self, name: str, rows: Sequence[dict[str, Any]], schema: pa.Schema | None = None) -> Path:
        file = self.deliver(name, b"")
        pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), file)
        return file

    def land(self) -> LandingResult:
        return land(self.project, MORNING)

    def land_one(self, table: str) -> TableLanding:
        """Land, and what came of `raw_<source>.<table>`; its lines must add up."""
        landed = {each.table.name: each for each in self.land().tables}[table]
        assert landed.lines_in == landed.landed + landed.rejected
        return landed

    def rows(self, table: str, columns: str = "*", source: str = "files") -> list[tuple[Any, ...]]:
        """What has landed in a table, in the order of arrival."""
        parts = [str(part) for part in self.lake.parts(source, table)]
        if not parts:
            return []
        relation = duckdb.read_parquet(parts, union_by_name=True)
        return relation.order("_arrival").project(columns).fetchall()

    def columns(self, table: str, source: str = "files") -> list[str]:
        parts = [str(part) for part in self.lake.parts(source, table)]
        names = duckdb.read_parquet(parts, union_by_name=True).columns
        return [name for name in names if not name.startswith("_")]

    def rejects(self, columns: str = "line, reason, text") -> list[tuple[Any, ...]]:
        return duckdb.sql(f"select {columns} from {self.lake.rejects_relation()} order by batch, file, line").fetchall()

    def catalog(self, columns: str = "path, status") -> list[tuple[Any, ...]]:
        return duckdb.sql(f"select {columns} from {self.lake.catalog_relation()} order by batch, file").fetchall()

    def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that can be read in the lake."""
        tables = ["receipts", "people", "events", "tickets", "products"]
        content = {table: self.rows(table, "* exclude (_loaded_at)") for table in tables}
        return {**content, "rejects": self.rejects("*"), "catalog": self.catalog("* exclude (modified_ns)")}

    def crm(self, *statements: str) -> None:
        """Change the CRM; the first call makes its table."""
        with sqlite3.connect(self.root / "crm.sqlite") as database:
            database.execute("create table if not exists contacts (contact_id text, city text, born_on text)")
            for statement in statements:
                database.execute(statement)
        database.close()


def ndjson(records: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def check_slip_is_named(company: Company, source: str, sound: str, slip: tuple[str, str], line: int, word: str) -> None:
    """With `slip`, what is right in the text `sound` and what is wrong, it is refused, by a complaint with its line."""
    right, wrong = slip
    assert right in sound
    file = company.declare(source, sound.replace(right, wrong))
    with pytest.raises(DeclarationError) as caught:
        load_source_tables(company.project.dbt_project)
    assert word in str(caught.value)
    assert caught.value.where is not None
    assert (caught.value.where.file, caught.value.where.line) == (file, line)
