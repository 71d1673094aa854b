"""What one `cdp run` did: collected while it runs, shown on the way and summed up at the end."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.status import Status as Spinner

from cdp.errors import CdpError
from cdp.landing.land import LandingResult
from cdp.operations.retention import Cleared
from cdp.pipeline.summary import Contents
from cdp.warehouse import Generation
from orchestration.observer import Observer
from reverse_etl.engine.events import BatchAnswered, Event, Planned, RunStarted, Waiting
from reverse_etl.engine.run import SyncResult


@dataclass(slots=True)
class Report(Observer):
    """Collects the results of one run; `spinner` shows what is going on."""

    spinner: Spinner
    landing_result: LandingResult | None = None
    cleared_away: Cleared = field(default_factory=Cleared)
    generation: Generation | None = None
    contents: Contents | None = None
    nodes: int = 0
    syncs: list[SyncResult] = field(default_factory=list)
    errors: list[CdpError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def _lap(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now

    def ready(self) -> None:
        """The project is read, and the first job starts."""
        self._lap("start")

    def say(self, text: str) -> None:
        """Show what is going on."""
        self.spinner.update(text)

    def landing(self, table: str, files: int) -> None:
        self.say(f"landing {table}: {files:,} new files")

    def landed(self, result: LandingResult) -> None:
        self.landing_result = result
        self._lap("landing")

    def cleared(self, cleared: Cleared) -> None:
        self.cleared_away = cleared

    def node_finished(self, name: str, done: int, total: int) -> None:
        self.nodes = done
        self.say(f"building {done}/{total}: {name}")
        self._lap("build")

    def auditing(self, table: str) -> None:
        self.say(f"auditing {table}")
        self._lap("audit")

    def published(self, generation: Generation) -> None:
        self.generation = generation
        self._lap("audit")

    def syncing(self, event: Event) -> None:
        match event:
            case RunStarted(sync=sync):
                self.say(f"sync {sync}: planning")
            case Planned(sync=sync, counts=counts):
                self.say(f"sync {sync}: {counts.add} to add, {counts.update} to update, {counts.remove} to remove")
            case BatchAnswered(sync=sync, operation=operation, rows=rows):
                self.say(f"sync {sync}: {operation.value}, {rows} answered")
            case Waiting(sync=sync, seconds=seconds, code=code):
                self.say(f"sync {sync}: {code}, waiting {seconds:.1f} s")
            case _:
                pass

    def synced(self, result: SyncResult) -> None:
        self.syncs.append(result)
        self._lap(f"sync {result.sync}")

    def warned(self, what: str) -> None:
        self.warnings.append(what)

    def failed(self, error: CdpError) -> None:
        self.errors.append(error)

    @property
    def changed_nothing(self) -> bool:
        """Whether nothing landed, nothing was built, and nothing was sent."""
        landed = self.landing_result.landed if self.landing_result else 0
        return not (landed or self.generation or any(sync.counts.planned for sync in self.syncs))

    def as_json(self) -> dict[str, Any]:
        landing, generation = self.landing_result, self.generation
        return {
            "changed": not self.changed_nothing,
            "landing": {
                "batch": landing.batch,
                "files": sum(table.files for table in landing.tables),
                "lines_in": sum(table.lines_in for table in landing.tables),
                "landed": landing.landed,
                "rejected": landing.rejected,
                "refused_files": landing.refused,
                "refusals": [refusal for table in landing.tables for refusal in table.refusals],
            }
            if landing
            else None,
            "cleared": asdict(self.cleared_away),
            "built": asdict(generation) | {"as_of": generation.as_of.isoformat()} if generation else None,
            "contents": asdict(self.contents) if self.contents else None,
            "syncs": [_sync_row(sync) for sync in sorted(self.syncs, key=lambda sync: sync.sync)],
            "seconds": {stage: round(seconds, 2) for stage, seconds in self.seconds.items()},
            "warnings": self.warnings,
            "errors": [str(error) for error in self.errors],
        }


def _sync_row(result: SyncResult) -> dict[str, Any]:
    return {
        "sync": result.sync,
        "status": result.status.value,
        "reason": result.reason,
        **asdict(result.counts),
        "plan": asdict(result.plan) if result.plan else None,
    }
