"""One landing: everything new in every source, committed as one batch (ADR 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cdp.declarations.sources import (
    InboundLanding,
    SourceTable,
    SqlLanding,
    SuppressionLanding,
    load_source_tables,
)
from cdp.errors import LandingError
from cdp.landing.batch import Batch, open_batch
from cdp.landing.discovery import InboxFile, SeenFiles, new_files
from cdp.landing.files import FileOutcome, land_files
from cdp.landing.inbound import InboundEvents
from cdp.landing.sql_source import land_sql_table
from cdp.project import Project
from cdp.suppression.landing import Suppression

Progress = Callable[[SourceTable, int], None]
Inspection = Callable[[Batch, "list[TableLanding]"], None]


@dataclass(frozen=True, slots=True)
class TableLanding:
    """What one table's landing took in. Conservation: `lines_in = landed + rejected`."""

    table: SourceTable
    files: int = 0
    duplicates: int = 0
    refused: int = 0
    lines_in: int = 0
    landed: int = 0
    rejected: int = 0
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LandingResult:
    """`batch` is None where nothing new was found."""

    batch: int | None
    tables: list[TableLanding] = field(default_factory=list)

    @property
    def landed(self) -> int:
        return sum(table.landed for table in self.tables)

    @property
    def rejected(self) -> int:
        return sum(table.rejected for table in self.tables)

    @property
    def refused(self) -> int:
        return sum(table.refused for table in self.tables)

    def refusal(self) -> LandingError | None:
        """What to tell whoever delivers, where a file was refused."""
        if not self.refused:
            return None
        files = "1 file was" if self.refused == 1 else f"{self.refused} files were"
        return LandingError(
            f"{files} refused; everything else has landed.",
            remedy="Deliver the file again, repaired: its new bytes make it a new file.",
        )


def land(
    project: Project,
    as_of: datetime,
    progress: Progress = lambda _table, _files: None,
    inspect: Inspection = lambda _batch, _tables: None,
) -> LandingResult:
    """Land what is new in every declared source. The caller holds the `landing` lease.

    `inspect` sees the batch before it becomes visible; what it raises keeps all of it out, as if it had not arrived.
    Raises LandingError where a source cannot be read or the disk is full, ConfigurationError where a key of
    suppression is wrong or missing; then nothing of the batch is visible.
    """
    tables = load_source_tables(project.dbt_project)
    suppression, inbound = Suppression(project, tables), InboundEvents(project, tables)
    with open_batch(project, as_of) as batch:
        suppression.check(batch)
        landed = [
            _land_table(project, batch, table, progress)
            for table in tables
            if not isinstance(table.landing, SuppressionLanding | InboundLanding)
        ]
        written = [*inbound.land(batch), *suppression.land(batch)]
        landed += [summary(table, [outcome]) for table, outcome in written]
        inspect(batch, landed)
        number = batch.commit()
    inbound.note_landed()
    return LandingResult(number, landed)


def _land_table(project: Project, batch: Batch, table: SourceTable, progress: Progress) -> TableLanding:
    batch.begin_table()
    if isinstance(table.landing, SqlLanding):
        outcomes = _changes(project, batch, table)
    else:
        outcomes = _new_files(project, batch, table, progress)
    # What could not be opened has not been looked at: the next landing tries again.
    if known := [outcome for outcome in outcomes if not outcome.file.problem]:
        batch.write(table, known)
    return summary(table, outcomes)


def _changes(project: Project, batch: Batch, table: SourceTable) -> list[FileOutcome]:
    url = project.sql_source_url(table.source)
    outcome = land_sql_table(batch.connection, table, url, batch.lake, batch.files + 1)
    batch.files += 1
    return [outcome] if outcome else []


def _new_files(project: Project, batch: Batch, table: SourceTable, progress: Progress) -> list[FileOutcome]:
    seen = SeenFiles(batch.connection, batch.lake, table)
    found = new_files(project.inbox, table, seen, batch.files + 1)
    batch.files += len(found)
    if not found:
        return []
    progress(table, len(found))
    outcomes = [FileOutcome(file, "refused", file.problem) for file in found if file.problem]
    fresh, repeated = _split_repeated([file for file in found if not file.problem], seen.digests)
    outcomes += [FileOutcome(file, "duplicate", "the same bytes landed before") for file in repeated]
    if fresh:
        outcomes += land_files(batch.connection, table, fresh, batch.scratch)
    return outcomes


def _split_repeated(files: list[InboxFile], digests: set[str]) -> tuple[list[InboxFile], list[InboxFile]]:
    known = set(digests)
    fresh: list[InboxFile] = []
    repeated: list[InboxFile] = []
    for file in files:
        (repeated if file.sha256 in known else fresh).append(file)
        known.add(file.sha256)
    return fresh, repeated


def summary(table: SourceTable, outcomes: list[FileOutcome]) -> TableLanding:
    """What `outcomes`, one per file, come to."""
    return TableLanding(
        table=table,
        files=len(outcomes),
        duplicates=sum(outcome.status == "duplicate" for outcome in outcomes),
        refused=sum(outcome.status == "refused" for outcome in outcomes),
        lines_in=sum(outcome.lines_in or 0 for outcome in outcomes),
        landed=sum(outcome.landed for outcome in outcomes),
        rejected=sum(outcome.rejected for outcome in outcomes),
        refusals=tuple(f"{o.file.name}: {o.reason}" for o in outcomes if o.status == "refused"),
    )
