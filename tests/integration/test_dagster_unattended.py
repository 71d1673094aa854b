"""`cdp ui` left alone: day after day without a person, killed in every part, and no heavier than on its first days."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cdp.demo.year import DemoYear
from orchestration.instance import open_instance
from orchestration.launcher import worker_of
from tests.integration.dagster_ui import Ui, running_ui, weight
from tests.integration.test_run_kills import check_books
from tests.integration.walk import Walk

DAYS, SETTLED = 60, 15
MOST_GROWTH = 1.25


@pytest.fixture
def company(tmp_path: Path) -> Walk:
    walk = Walk(tmp_path)
    settings = tmp_path / "cdp.yml"
    settings.write_text(f"{settings.read_text()}\nretention: {{runs: 30}}\n")
    return walk


def _next_day(company: Walk) -> None:
    DemoYear(company.project).next_days()


@pytest.mark.proof
def test_sixty_days_without_a_person(company: Walk) -> None:
    memory, history = list[int](), list[int]()
    with running_ui(company) as ui:
        for _ in range(DAYS):
            ui.wait_for_the_day()
            assert ui.runs("FAILURE") == []
            memory.append(sum(child.rss for child in ui.children()))
            history.append(weight(company.root / "var/dagster"))
            _next_day(company)
    check_books(company)
    assert max(memory[SETTLED:]) < MOST_GROWTH * max(memory[:SETTLED]), memory
    assert max(history[SETTLED:]) < MOST_GROWTH * max(history[:SETTLED]), history


@pytest.mark.proof
def test_killed_in_every_part_the_next_run_repairs(company: Walk) -> None:
    with running_ui(company) as ui:
        ui.wait_for_the_day()
        _next_day(company)
        _kill_worker(ui, company)
        ui.wait_for_the_day()
        for part in ("dagster._daemon", "dagster_webserver"):
            _next_day(company)
            ui.wait_until(lambda: bool(ui.runs("STARTED")))
            assert ui.kill(part)
            ui.wait_for_the_day()
    check_books(company)


def _kill_worker(ui: Ui, company: Walk) -> None:
    """Kill the process of the first run that is at work."""

    def is_killed() -> bool:
        with open_instance(company.project) as instance:
            for run in ui.runs("STARTED"):
                pid = worker_of(instance, instance.get_run_by_id(run["runId"]))
                if pid is not None:
                    os.kill(pid, signal.SIGKILL)
                    return True
        return False

    ui.wait_until(is_killed)
