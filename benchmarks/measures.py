"""What every benchmark prints and writes: one row per measure, beside its peer."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rich.table import Table

from cdp.cli.console import output

VERSIONS = ("dbt-core", "dbt-duckdb", "dagster", "duckdb", "great-expectations", "sqlglot")


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio` is value / peer_value; `cpu_s` counts child processes; `peak_mb` is the largest single process."""

    name: str
    value: float
    unit: str = "s"
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    cpu_s: float | None = None
    peak_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall and CPU seconds of a finished command and its children, and the peak of the largest of them, in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    stdout: str


def timed(command: list[str], environment: dict[str, str]) -> Timing:
    """Run a command to its end. Raises CalledProcessError where it fails."""
    started = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        stdout = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stdout)
    wall = time.perf_counter() - started
    return Timing(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, stdout)


def beside(name: str, timing: Timing, peer: str, peer_value: float) -> Row:
    ratio = round(timing.wall_s / peer_value, 2)
    return Row(
        name, round(timing.wall_s, 1), "s", peer, peer_value, ratio, round(timing.cpu_s, 1), round(timing.peak_mb)
    )


def publish(title: str, rows: list[Row], file: Path | None) -> None:
    """Print the table and, where asked, write the rows as JSON with the versions they were measured with."""
    table = Table("measure", "ours", "peer", "ratio", "CPU s", "peak MB", title=title)
    for row in rows:
        peer = f"{row.peer}: {row.peer_value:g} {row.unit}" if row.peer_value is not None else row.peer or ""
        cells = (row.ratio, row.cpu_s, row.peak_mb)
        table.add_row(
            row.name, f"{row.value:g} {row.unit}", peer, *("" if cell is None else f"{cell:g}" for cell in cells)
        )
    output.print(table)
    if file:
        versions = {"python": platform.python_version(), **{name: version(name) for name in VERSIONS}}
        file.write_text(json.dumps({"versions": versions, "rows": [asdict(row) for row in rows]}, indent=2) + "\n")
