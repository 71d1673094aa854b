"""Looking again at what was set aside on a day, under today's declarations (ADR 26).

The lake is only appended to: a line that has landed never lands a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from cdp.declarations.sources import CsvLanding, FileLanding, SourceTable, load_source_tables
from cdp.landing.batch import Batch, open_batch
from cdp.landing.discovery import InboxFile
from cdp.landing.files import FileOutcome, land_files
from cdp.landing.lake import Lake, parquet_relation
from cdp.landing.land import LandingResult, summary
from cdp.project import Project

# What became of each file when it was looked at last: of one name and content there may be several rows.
_NEWEST = """
select path, size, modified_ns, sha256, status, rejected
from (
    select *, row_number() over (partition by path, sha256 order by batch desc, file desc) as age
    from {catalog} where source = ? and table_name = ? and status <> 'duplicate'
) where age = 1 and (status = 'refused' or rejected > 0)
and (path, sha256) in (select (path, sha256) from {catalog} where cast(landed_at as date) in (select unnest(?)))
order by path
"""


def land_again(project: Project, as_of: datetime, days: Sequence[date]) -> LandingResult:
    """Land what was set aside on `days` and is good now: refused files whole, of other files the lines that were not.

    Of CSV only files that were refused whole: a line there is known by its place among good ones. A file that is gone,
    or has other bytes now, is left out. The caller holds the `landing` lease; raises LandingError as `land` does.
    """
    with open_batch(project, as_of) as batch:
        tables = [
            _land_table(project, batch, table, days)
            for table in load_source_tables(project.dbt_project)
            if isinstance(table.landing, FileLanding | CsvLanding)
        ]
        return LandingResult(batch.commit(), [summary(table, outcomes) for table, outcomes in tables if outcomes])


def days_with_something_set_aside(lake: Lake, connection: Any) -> list[date]:
    """Days on which a file was refused or a line rejected, oldest first."""
    query = (
        f"select distinct cast(landed_at as date) from {lake.catalog_relation()} "
        "where status = 'refused' or rejected > 0 order by 1"
    )
    return [day for (day,) in connection.execute(query).fetchall()]


def _land_table(
    project: Project, batch: Batch, table: SourceTable, days: Sequence[date]
) -> tuple[SourceTable, list[FileOutcome]]:
    batch.begin_table()
    outcomes = [_land_rest(batch, table, file) for file in _still_there(project, batch, table, days)]
    if outcomes:
        batch.write(table, outcomes)
    return table, outcomes


def _still_there(project: Project, batch: Batch, table: SourceTable, days: Sequence[date]) -> Iterator[InboxFile]:
    known = batch.connection.execute(
        _NEWEST.format(catalog=batch.lake.catalog_relation()), [table.source, table.name, list(days)]
    ).fetchall()
    for path, size, modified, sha256, status, _ in known:
        if status != "refused" and isinstance(table.landing, CsvLanding):
            continue
        file = InboxFile(batch.files + 1, project.inbox / path, path, size, modified, sha256)
        if file.path.is_file() and file.is_as_found():
            batch.files += 1
            yield file


def _land_rest(batch: Batch, table: SourceTable, file: InboxFile) -> FileOutcome:
    (outcome,) = land_files(batch.connection, table, [file], batch.scratch)
    if outcome.status != "landed" or not (landed := _landed_before(batch, table, file)):
        return outcome
    known = f"_file = {file.number} and _line in (select unnest(?))"
    for gathered in ("part", "set_aside"):
        batch.connection.execute(f"delete from {gathered} where {known}", [landed])
    ((rows,),) = batch.connection.execute(f"select count(*) from part where _file = {file.number}").fetchall()
    ((rejected,),) = batch.connection.execute(f"select count(*) from set_aside where _file = {file.number}").fetchall()
    return replace(outcome, lines_in=rows + rejected, landed=rows, rejected=rejected)


def _landed_before(batch: Batch, table: SourceTable, file: InboxFile) -> list[int]:
    """The lines of a file that earlier batches have landed."""
    query = f"select batch, file from {batch.lake.catalog_relation()} where source = ? and table_name = ? "
    known = batch.connection.execute(
        f"{query} and path = ? and sha256 = ? and landed > 0", [table.source, table.name, file.name, file.sha256]
    ).fetchall()
    lines: list[int] = []
    for number, place in known:
        part = parquet_relation([batch.lake.part(table.source, table.name, number)])
        lines += [
            line for (line,) in batch.connection.execute(f"select _line from {part} where _file = {place}").fetchall()
        ]
    return lines
