"""How fast and how well records become customers: components beside scipy's and Splink's, a graph that is kept, dbt."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.identity_model import model_row
from benchmarks.identity_quality import quality_rows
from benchmarks.measures import Row, Timing, publish, timed

PEERS = ("scipy", "splink")
BARS = {"hundredth": 1.5, "tenth": 8.0, "taken_back": 3.0, "at_first": 36.0}
# Our seconds over scipy's: {from so many edges on: the bar}.
RATIO_BARS = {10_000_000: 1.5, 50_000_000: 1.4}
PEAK_BAR_MB = 6 * 1024
QUICK = 100_000


def main(
    size: Annotated[int, typer.Option(help="Edges.")] = 10_000_000,
    rounds: Annotated[int, typer.Option(help="Interleaved runs of us and the peers; medians are shown.")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help=f"{QUICK:,} edges, one round: does everything run?")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here as well.")] = None,
) -> None:
    """Measure the identity graph, and how well people are told apart where labelled data is there."""
    size, rounds = (QUICK, 1) if quick else (size, rounds)
    with tempfile.TemporaryDirectory(prefix="identity-") as folder:
        pairs = Path(folder) / "pairs.parquet"
        _step("generate", str(size), str(pairs))
        runs: dict[str, list[Timing]] = {step: [] for step in ("components", *PEERS)}
        for _ in range(rounds):
            runs["components"].append(_step("components", str(pairs)))
            for peer in PEERS:
                runs[peer] += _peer(peer, pairs)
        graph = _step("graph", str(size), str(Path(folder) / "graph.duckdb"))
        model = model_row(size, Path(folder) / "project")
    rows = [*(_beside(runs, peer) for peer in PEERS), *_graph_rows(graph, size), model]
    rows += [*_bar_rows(rows, size), *quality_rows()]
    publish(f"identity, {size:,} edges", rows, json_file)


def _peer(step: str, pairs: Path) -> list[Timing]:
    """Nothing where the system killed the peer: it wants more memory than there is."""
    try:
        return [_step(step, str(pairs))]
    except subprocess.CalledProcessError as failed:
        if failed.returncode != -signal.SIGKILL:
            raise
        return []


def _step(*arguments: str) -> Timing:
    return timed([sys.executable, "-m", "benchmarks.graph_steps", *arguments], dict(os.environ))


def _beside(runs: dict[str, list[Timing]], peer: str) -> Row:
    mine, theirs = runs["components"], runs[peer]
    counts = {json.loads(timing.stdout)["components"] for timing in mine + theirs}
    if len(counts) != 1:
        raise AssertionError(f"we and {peer} find different components: {counts}")
    row = Row(
        "components, text keys in and out",
        round(_seconds(mine), 1),
        peer=peer,
        cpu_s=round(statistics.median(timing.cpu_s for timing in mine), 1),
        peak_mb=round(max(timing.peak_mb for timing in mine)),
    )
    if not theirs:
        return replace(row, peer=f"{peer} (out of memory)")
    return replace(row, peer_value=round(_seconds(theirs), 1), ratio=round(_seconds(mine) / _seconds(theirs), 2))


def _bar_rows(rows: list[Row], size: int) -> list[Row]:
    """Our seconds over scipy's, and the most memory that any step of ours took, beside their bars."""
    reached = max((least for least in RATIO_BARS if size >= least), default=min(RATIO_BARS))
    told = f"bar at {reached // 1_000_000}M"
    peak = max(row.peak_mb for row in rows if row.peak_mb is not None)
    bars = [("largest process", peak, "MB", float(PEAK_BAR_MB))]
    scipys = next(row.ratio for row in rows if row.peer and row.peer.startswith("scipy"))
    if scipys is not None:
        bars.insert(0, ("components, our seconds over scipy's", scipys, "", RATIO_BARS[reached]))
    return [
        Row(name, value, unit, peer=told, peer_value=bar, ratio=round(value / bar, 2))
        for name, value, unit, bar in bars
    ]


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
