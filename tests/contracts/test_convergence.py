"""Over a line that breaks again and again, tables, files and receivers end as the model is, and as no half of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reverse_etl.engine.events import BatchAnswered
from reverse_etl.engine.words import Status
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import Case
from tests.contracts.fakes.csv_files import CASES as CSV_FILES
from tests.contracts.fakes.postgres import CASE as POSTGRES
from tests.contracts.fakes.postgres import TABLE
from tests.contracts.fakes.webhook import CASE as WEBHOOK
from tests.doubles.workbench import Workbench

_WEATHER = [Fault.LOSE_BEFORE, Fault.LOSE_AFTER, Fault.HALF_ANSWER, *[Fault.NONE] * 6]
_ROWS = 30

Held = Callable[[Any], dict[str, str]]


def in_table(tool: Any) -> dict[str, str]:
    return dict(tool.ask(f"select email, value from {TABLE}"))


def in_file(tool: Any) -> dict[str, str]:
    return {row["email"]: row["value"] for row in tool.rows()}


def at_receiver(tool: Any) -> dict[str, str]:
    return {key: fields["value"] for key, fields in tool.list.items()}


@pytest.mark.parametrize("seed", [0, *[pytest.param(seed, marks=pytest.mark.proof) for seed in range(1, 10)]])
@pytest.mark.parametrize(
    ("case", "held"),
    [(POSTGRES, in_table), (WEBHOOK, at_receiver), *((case, in_file) for case in CSV_FILES)],
    ids=lambda value: value.name if isinstance(value, Case) else "",
)
def test_every_run_ends_at_what_is_desired(case: Case, held: Held, seed: int, tmp_path: Path) -> None:
    rng, bench = Random(seed), Workbench(tmp_path)
    with case.serve(tmp_path) as tool:
        tool.faults.script = [Fault.LOSE_BEFORE, *rng.choices(_WEATHER, k=100)]
        for version in range(4):
            wanted = {f"k{number:02}": f"v{rng.randrange(2)}" for number in rng.sample(range(_ROWS), 20)}
            bench.want(sorted(wanted.items()))
            while _run(bench, case, tool.url) is not Status.OK:
                continue
            assert held(tool) == wanted, version
        assert tool.repeated() == 0
    answers = {event.code for event in bench.events if isinstance(event, BatchAnswered)}
    assert "connection_lost" in answers or not case.faults, "the line must have broken"
    bench.close()


def _run(bench: Workbench, case: Case, url: str) -> Status:
    """One run with a connector of its own, as after a restart, that cuts the plan into batches of seven."""
    destination = case.connector.build(case.account(url), case.target)
    destination.capabilities = replace(destination.capabilities, max_rows=7)  # type: ignore[misc, type-var]
    bench.destination = destination  # type: ignore[assignment]
    status = bench.run(attempts=2).status
    destination.close()
    return status
