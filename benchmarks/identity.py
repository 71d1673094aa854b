"""How fast records become customers: components beside scipy's and Splink's, and a graph that changes a little."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.measures import Row, Timing, publish, timed

BARS = {"hundredth": 1.5, "tenth": 8.0, "taken_back": 3.0, "at_first": 36.0}


def main(
    size: Annotated[int, typer.Option(help="Edges.")] = 10_000_000,
    rounds: Annotated[int, typer.Option(help="Interleaved runs of us and the peers; medians are shown.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here as well.")] = None,
) -> None:
    """Measure the identity graph."""
    with tempfile.TemporaryDirectory(prefix="identity-") as folder:
        pairs = Path(folder) / "pairs.parquet"
        _step("generate", str(size), str(pairs))
        runs: dict[str, list[Timing]] = {"components": [], "scipy": [], "splink": []}
        for _ in range(rounds):
            for step, timings in runs.items():
                timings.append(_step(step, str(pairs)))
        graph = _step("graph", str(size), str(Path(folder) / "graph.duckdb"))
    rows = [_beside(runs, "scipy"), _beside(runs, "splink"), *_graph_rows(graph, size)]
    publish(f"identity, {size:,} edges", rows, json_file)


def _step(*arguments: str) -> Timing:
    return timed([sys.executable, "-m", "benchmarks.graph_steps", *arguments], dict(os.environ))


def _beside(runs: dict[str, list[Timing]], peer: str) -> Row:
    counts = {json.loads(timing.stdout)["components"] for timing in runs["components"] + runs[peer]}
    if len(counts) != 1:
        raise AssertionError(f"we and {peer} find different components: {counts}")
    mine, ours, theirs = runs["components"], _seconds(runs["components"]), _seconds(runs[peer])
    return Row(
        "components, text keys in and out",
        round(ours, 1),
        peer=peer,
        peer_value=round(theirs, 1),
        ratio=round(ours / theirs, 2),
        cpu_s=round(statistics.median(timing.cpu_s for timing in mine), 1),
        peak_mb=round(max(timing.peak_mb for timing in mine)),
    )


def _seconds(timings: list[Timing]) -> float:
    return statistics.median(float(json.loads(timing.stdout)["seconds"]) for timing in timings)


def _graph_rows(timing: Timing, size: int) -> list[Row]:
    measured = json.loads(timing.stdout)
    names = {
        "at_first": f"kept graph, {size:,} links at first",
        "hundredth": f"kept graph, {size // 100:,} more",
        "tenth": f"kept graph, {size // 10:,} more",
        "taken_back": "kept graph, 1,000 taken back",
    }
    return [
        Row(
            name,
            round(measured[key], 2),
            peer="bar at 10M",
            peer_value=BARS[key],
            ratio=round(measured[key] / BARS[key], 2),
            peak_mb=round(timing.peak_mb),
        )
        for key, name in names.items()
    ]


if __name__ == "__main__":
    typer.run(main)
