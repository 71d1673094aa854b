"""A source table that has always been the same: another clean day passes, and each way of spoiling it is named."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from cdp.declarations.sources import SourceTable, load_source_tables
from cdp.project import Project
from quality.judgement import judged_verdicts
from quality.landing.inspecting import Inspection, TableArrival
from quality.thresholds import load_thresholds
from quality.verdicts import Verdict, Word

DAYS = 40
SOURCES = """
version: 2
sources:
  - name: raw_till
    tables:
      - name: receipts
        config: {meta: {landing: {format: csv, files: "*.csv"}}}
        columns:
          - {name: receipt_id, data_type: varchar, config: {meta: {required: true}}}
          - {name: closed_at, data_type: timestamp, config: {meta: {required: true}}}
          - {name: status, data_type: varchar, description: "`paid` or `void`."}
          - {name: customer_id, data_type: varchar}
          - {name: email, data_type: varchar, config: {meta: {address: email}}}
          - {name: amount, data_type: "decimal(18,2)"}
"""
ROWS = """
select 'r' || (1000000 + 200 * d + i) as receipt_id,
    timestamp '2024-01-01' + d * interval 1 day + i * 430 * interval 1 second as closed_at,
    case when i % 20 = 0 then 'void' else 'paid' end as status, 'c' || (1000 + (i * 7 + d) % 150) as customer_id,
    'p' || (1000 + (i * 7 + d) % 150) || '@example.com' as email,
    cast(5 + (i * 37 + d * 11) % 40 + 0.5 as decimal(18, 2)) as amount, timestamp '2024-01-01' as _loaded_at
from range({first}, {last}) as days(d) cross join range(200) as rows(i)
"""
SPOILT = [
    ("select * replace (null as email) from clean", "filled", "`email`"),
    ("select * replace ('one@example.com' as email) from clean", "repeats", "`email`"),
    ("select * replace (amount * 100 as amount) from clean", "numbers", "`amount`"),
    ("select * replace (-amount as amount) from clean", "numbers", "negative"),
    ("select * replace ('void' as status) from clean", "values", "`void`"),
    ("select * replace ('c' || customer_id as customer_id) from clean", "known", "`customer_id`"),
    ("select * replace (email || 'Ð¸' as email) from clean", "texts", "mangled encoding"),
    ("select * replace (receipt_id || '.0' as receipt_id) from clean", "ids", "`receipt_id`"),
    ("select * replace (closed_at + interval 400 day as closed_at) from clean", "times", "in the future"),
    ("select * replace (date_trunc('day', closed_at) as closed_at) from clean", "times", "at midnight"),
    ("select * replace (lag(email, 3) over () as email) from clean", "links", "`email`"),
    ("select * from clean limit 60", "volume", "rows of"),
    (
        "select * from clean union all select * replace ('x' || receipt_id as receipt_id) from clean",
        "volume",
        "rows of",
    ),
    (
        "select * replace ('r' || (1000000 + right(receipt_id, 2)::int) as receipt_id) from clean",
        "known",
        "`receipt_id`",
    ),
]
HARMLESS = [
    "select * from clean",
    "select * replace (' ' || upper(email) as email) from clean",
    "select * from clean limit 180",
]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> SourceTable:
    folder = tmp_path_factory.mktemp("dbt") / "models" / "staging" / "till"
    folder.mkdir(parents=True)
    (folder / "_till__sources.yml").write_text(SOURCES)
    (found,) = load_source_tables(folder.parents[2])
    return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("lake") / "seen.parquet"
    duckdb.sql(ROWS.format(first=0, last=DAYS)).write_parquet(str(file))
    return file


def judged(table: SourceTable, seen: Path, new: Path, query: str) -> list[Verdict]:
    duckdb.sql(f"with clean as ({ROWS.format(first=DAYS, last=DAYS + 1)}) {query}").write_parquet(str(new))
    since, as_of = datetime(2024, 2, 10), datetime(2024, 2, 11)
    thresholds = load_thresholds(Project.load(Path(__file__).parents[3]))
    arrival = TableArrival(table, (seen,), (new,), lines_in=200)
    return judged_verdicts(Inspection([arrival], as_of, since, {}, thresholds).verdicts())


@pytest.mark.parametrize("query", HARMLESS)
def test_another_day_of_the_same_passes(table: SourceTable, seen: Path, tmp_path: Path, query: str) -> None:
    verdicts = judged(table, seen, tmp_path / "new.parquet", query)
    assert len(verdicts) > 8
    assert [verdict.check for verdict in verdicts if verdict.word is not Word.PASSED] == []


@pytest.mark.parametrize(("query", "check", "cause"), SPOILT)
def test_a_spoilt_day_is_stopped_by_a_check_that_names_the_cause(
    table: SourceTable, seen: Path, tmp_path: Path, query: str, check: str, cause: str
) -> None:
    verdicts = judged(table, seen, tmp_path / "new.parquet", query)
    failed = {verdict.check: "; ".join(verdict.told) for verdict in verdicts if verdict.word is Word.FAILED}
    assert cause in failed[f"raw_till.receipts.{check}"]
    assert not [told for told in failed.values() if "@example.com" in told]


def test_days_that_come_together_are_judged_one_by_one(table: SourceTable, seen: Path, tmp_path: Path) -> None:
    good_day = ROWS.format(first=DAYS + 1, last=DAYS + 2)
    query = f"select * replace (null as email) from clean union all {good_day}"
    verdicts = judged(table, seen, tmp_path / "new.parquet", query)
    assert "raw_till.receipts.filled" in [verdict.check for verdict in verdicts if verdict.word is Word.FAILED]
