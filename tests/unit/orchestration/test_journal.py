"""A run as lines for machines: every event has one, and none carries a secret or a person."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

from cdp.declarations.sources import load_source_tables
from cdp.errors import GateError
from cdp.landing.land import LandingResult, TableLanding
from cdp.operations.durations import read_durations
from cdp.operations.retention import Cleared
from cdp.project import Project
from cdp.warehouse import Generation
from orchestration.journal import Journal, Several
from orchestration.observer import Observer
from reverse_etl.engine.events import Planned, RunStarted
from reverse_etl.engine.run import SyncResult
from reverse_etl.engine.words import Counts, PlanCounts, Status
from tests.doubles.dbt_project import REPOSITORY

EVENTS = {name for name in vars(Observer) if not name.startswith("_")} - {"watching"}


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_event_of_a_run_has_its_line(project: Project) -> None:
    assert {name for name in EVENTS if name not in vars(Journal)} == set()


def test_a_run_tells_what_happened_in_counts_and_how_long_it_took(project: Project) -> None:
    ticks = iter(range(100))
    stream = io.StringIO()
    journal = Journal(project, stream, wall=lambda: float(next(ticks)), _since=0.0)
    table = next(each for each in load_source_tables(REPOSITORY / "dbt_project") if each.name == "order_lines")
    journal.landing("raw_shop.order_lines", 2)
    journal.landed(LandingResult(3, [TableLanding(table, files=2, lines_in=10, landed=9, rejected=1)]))
    journal.cleared(Cleared(generations=1))
    journal.node_finished("stg_shop__order_lines", 1, 1)
    journal.published(Generation(7, datetime(2024, 5, 1), 3, "abc"))
    journal.syncing(RunStarted("newsletter", 4))
    journal.syncing(Planned("newsletter", PlanCounts(add=2)))
    journal.synced(SyncResult("newsletter", "esp", 4, Status.OK, "", Counts(planned=2, ok=2), None))
    journal.failed(GateError("the build was thrown away.", remedy="Look."))
    told = lines(stream)
    assert [line["event"] for line in told] == [
        "landing", "landed", "cleared", "node_finished", "published", "RunStarted", "Planned", "synced", "failed",
    ]  # fmt: skip
    assert told[1]["tables"] == {
        "raw_shop.order_lines": {"files": 2, "lines_in": 10, "landed": 9, "rejected": 1, "refused": 0}
    }
    assert (told[4]["number"], told[7]["ok"], told[8]["exit_code"]) == (7, 2, 4)
    assert all(line["project"] == project.name and line["at"].endswith("+00:00") for line in told)
    taken = read_durations(project)
    assert list(taken) == ["landing", "build", "audit", "sync newsletter"]
    assert all(seconds > 0 for seconds in taken.values())


def test_without_a_stream_only_durations_are_kept(project: Project) -> None:
    Journal(project).published(Generation(7, datetime(2024, 5, 1), 3, "abc"))
    assert list(read_durations(project)) == ["audit"]


def test_several_observers_are_told_everything(project: Project) -> None:
    first, second = io.StringIO(), io.StringIO()
    several = Several(Journal(project, first), Journal(project, second))
    several.warned("rows without a word")
    several.auditing("dim_customers")
    assert [line["event"] for line in lines(first)] == ["warned", "auditing"]
    assert [line["event"] for line in lines(second)] == ["warned", "auditing"]
    assert {name for name in EVENTS if name not in vars(Several)} == set()
