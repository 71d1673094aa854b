"""How fast syncs are: a plan of many rows, and rows to a bulk API, beside drt on the same source and the same sink."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.measures import Row, Timing, publish, timed

PLAN_BAR_S, PLAN_BAR_MB, RATE_BAR, CEILING_BAR = 3.0, 1_500.0, 100_000.0, 0.95
ROWS_PER_CALL = 10_000
CALLS_PER_SECOND = 5


def main(
    rows: Annotated[int, typer.Option(help="Rows to send; a plan compares ten times as many.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="Interleaved runs of us and drt; medians are shown.")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="20,000 rows, one round: does everything run?")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here as well.")] = None,
) -> None:
    """Measure plans and deliveries."""
    rows, rounds = (20_000, 1) if quick else (rows, rounds)
    with tempfile.TemporaryDirectory(prefix="syncs-") as folder, _sink() as url:
        source = Path(folder) / "source.duckdb"
        _step("source", str(rows), str(source))
        ours: list[Timing] = []
        theirs: list[Timing] = []
        for _ in range(rounds):
            ours.append(_step("ours", str(source), url))
            theirs.append(_step("drt", str(source), url, "batch"))
        few = Path(folder) / "few.duckdb"
        _step("source", str(min(rows, 5_000)), str(few))
        by_record = _step("drt", str(few), url, "record")
        limited = _step("ours", str(source), url, "--calls-per-second", str(CALLS_PER_SECOND))
        checkpoint = _step("acknowledge", str(rows * 10), str(Path(folder) / "plan"))
        plan, from_all = [_step("plan", str(Path(folder) / "plan"), *how) for how in ((), ("--from-all",))]
    publish(
        f"reverse ETL, {rows:,} rows",
        [*_rates(ours, theirs, by_record), _ceiling(limited), *_plans(checkpoint, plan, from_all)],
        json_file,
    )


@contextmanager
def _sink() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.sync_steps", "sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _step(*arguments: str) -> Timing:
    return timed([sys.executable, "-m", "benchmarks.sync_steps", *arguments], dict(os.environ))


def _rate(timings: list[Timing]) -> float:
    found = [json.loads(timing.stdout) for timing in timings]
    return statistics.median(float(each["ok"]) / float(each["seconds"]) for each in found)


def _rates(ours: list[Timing], theirs: list[Timing], by_record: Timing) -> Iterator[Row]:
    mine = round(_rate(ours))
    peak = round(max(timing.peak_mb for timing in ours))
    for peer, value in (
        ("bar", RATE_BAR),
        ("drt, a call per batch, no ledger", _rate(theirs)),
        ("drt, a call per record", _rate([by_record])),
    ):
        yield Row("to a bulk API, no limits", mine, "rows/s", peer, round(value), round(mine / value, 2), peak_mb=peak)


def _ceiling(limited: Timing) -> Row:
    """The share of what the limit allows, in rows of full calls."""
    share = _rate([limited]) / (CALLS_PER_SECOND * ROWS_PER_CALL)
    return Row(
        "at a limit of calls, share of it", round(share, 3), "", "bar", CEILING_BAR, round(share / CEILING_BAR, 2)
    )


def _plans(checkpoint: Timing, plan: Timing, from_all: Timing) -> Iterator[Row]:
    """A plan that starts from a checkpoint, its parts, and what it would be without."""
    yield from _plan("plan", plan)
    yield from _plan("plan from every receipt", from_all)
    yield Row("making the checkpoint", round(json.loads(checkpoint.stdout)["checkpoint"], 1))


def _plan(name: str, plan: Timing) -> Iterator[Row]:
    found = json.loads(plan.stdout)
    seconds = round(found["counts"] + found["operations"], 2)
    yield Row(name, seconds, "s", "bar", PLAN_BAR_S, round(seconds / PLAN_BAR_S, 2), round(plan.cpu_s, 1))
    yield Row(f"{name}, memory", round(plan.peak_mb), "MB", "bar", PLAN_BAR_MB, round(plan.peak_mb / PLAN_BAR_MB, 2))


if __name__ == "__main__":
    typer.run(main)
