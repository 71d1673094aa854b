"""A run as lines of JSON, one per event, for machines; and what its stages took, for `cdp metrics`.

Counts and declared names only: no event carries a row, and errors quote no data.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, TextIO

from cdp.errors import CdpError
from cdp.landing.land import LandingResult, TableLanding
from cdp.operations.durations import keep_durations
from cdp.operations.retention import Cleared
from cdp.project import Project
from cdp.warehouse import Generation
from orchestration.observer import Observer
from quality.verdicts import Verdict
from reverse_etl.engine.events import Event
from reverse_etl.engine.run import SyncResult

FORMAT_VARIABLE = "CDP_LOG"


@dataclass(slots=True)
class Journal(Observer):
    """Writes to `stream`; without one, keeps durations alone."""

    project: Project
    stream: TextIO | None = None
    wall: Callable[[], float] = time.time
    _since: float = field(default_factory=time.time)

    def tell(self, event: str, **told: Any) -> None:
        """One line: `at` (UTC), `event`, and what is told of it."""
        if self.stream is None:
            return
        at = datetime.fromtimestamp(self.wall(), UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "event": event, "project": self.project.name, **told}
        self.stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self.stream.flush()

    def _lap(self, stage: str) -> float:
        now = self.wall()
        seconds, self._since = round(now - self._since, 3), now
        keep_durations(self.project, {stage: seconds})
        return seconds

    def landing(self, table: str, files: int) -> None:
        self.tell("landing", table=table, files=files)

    def landed(self, result: LandingResult) -> None:
        tables = {each.table.qualified_name: _counts(each) for each in result.tables if each.files}
        counts = {"landed": result.landed, "rejected": result.rejected, "refused": result.refused, "tables": tables}
        self.tell("landed", batch=result.batch, seconds=self._lap("landing"), **counts)

    def cleared(self, cleared: Cleared) -> None:
        self.tell("cleared", **asdict(cleared))

    def node_finished(self, name: str, done: int, total: int) -> None:
        self.tell("node_finished", node=name, done=done, total=total)
        if done == total:
            self._lap("build")

    def auditing(self, table: str) -> None:
        self.tell("auditing", table=table)

    def published(self, generation: Generation) -> None:
        self.tell("published", seconds=self._lap("audit"), **asdict(generation))

    def syncing(self, event: Event) -> None:
        self.tell(type(event).__name__, **asdict(event))

    def synced(self, result: SyncResult) -> None:
        told = {"sync": result.sync, "status": result.status.value, "reason": result.reason, **asdict(result.counts)}
        self.tell("synced", run=result.run, seconds=self._lap(f"sync {result.sync}"), **told)

    def inspected(self, verdicts: Sequence[Verdict]) -> None:
        counts = Counter(verdict.word.value for verdict in verdicts)
        stopping = [verdict.check for verdict in verdicts if verdict.is_stopping]
        self.tell("inspected", **counts, stopping=stopping)

    def warned(self, what: str) -> None:
        self.tell("warned", what=what)

    def failed(self, error: CdpError) -> None:
        self.tell("failed", error=str(error), exit_code=error.exit_code)


class Several(Observer):
    """Tells every observer, one after the other."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers


def _telling(name: str) -> Callable[..., None]:
    def tell(several: Several, *told: Any) -> None:
        for observer in several._observers:
            getattr(observer, name)(*told)

    return tell


for _name in vars(Observer):
    if not _name.startswith("_") and _name != "watching":
        setattr(Several, _name, _telling(_name))


def journal_of(project: Project, log_format: str) -> Journal:
    """The journal of a process; `json` writes to its standard error."""
    return Journal(project, sys.stderr if log_format == "json" else None)


def _counts(table: TableLanding) -> dict[str, int]:
    return {name: getattr(table, name) for name in ("files", "lines_in", "landed", "rejected", "refused")}
