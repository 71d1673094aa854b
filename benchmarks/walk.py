"""The whole way on the real data: end to end, again with nothing new, and one more day.

Peers are what the walk aims at on two cores: 180 s, 30 s and 45 s. Set-up and making the demo's files are not counted.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.measures import Row, Timing, beside, publish, timed
from cdp.demo.world import WorldSpec
from cdp.demo.year import DemoYear
from cdp.project import Project

ROOT = Path(__file__).parents[1]
LAST_DAY_BUT_ONE = date(2017, 12, 30)


def main(
    size: Annotated[int | None, typer.Option(help="Households of the real 2,469; default: all.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here as well.")] = None,
) -> None:
    """Measure the walk in a project of its own."""
    with tempfile.TemporaryDirectory(prefix="walk-") as folder:
        project = _project(Path(folder))
        DemoYear(project).begin(WorldSpec(households=size), LAST_DAY_BUT_ONE)
        first = _run(project)
        again = _run(project)
        DemoYear(project).next_days(1)
        day = _run(project)
    rows = [
        beside("first run, the year's raw records to synced audiences", first, "aim", 180),
        *_stages("first run", first),
        beside("again, nothing new", again, "aim", 30),
        beside("one more day", day, "aim", 45),
        *_stages("one more day", day),
    ]
    publish(f"walk, {size or 2469:,} households, {_landed(first):,} rows landed", rows, json_file)


def _project(folder: Path) -> Project:
    settings = (ROOT / "cdp.yml").read_text().splitlines()
    settings += [f"dbt_project: {ROOT / 'dbt_project'}", f"activation: {ROOT / 'activation'}"]
    (folder / "cdp.yml").write_text("\n".join(settings) + "\n")
    return Project.load(folder)


def _run(project: Project) -> Timing:
    cdp = str(Path(sys.executable).with_name("cdp"))
    return timed([cdp, "--project", str(project.root), "run", "--json"], dict(os.environ))


def _stages(run: str, timing: Timing) -> list[Row]:
    stages: dict[str, float] = json.loads(timing.stdout)["seconds"]
    rest = timing.wall_s - sum(stages.values())
    rows = [Row(f"  {run}: {stage}", round(seconds, 1)) for stage, seconds in stages.items()]
    return [*rows, Row(f"  {run}: starting up (imports, Dagster, sandbox)", round(rest, 1))]


def _landed(timing: Timing) -> int:
    return int(json.loads(timing.stdout)["landing"]["landed"])


if __name__ == "__main__":
    typer.run(main)
