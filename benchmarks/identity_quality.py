"""How well people are told apart on public labelled data, by the command that a company runs on its own.

Nothing is downloaded: a data set is a folder with `records.parquet` and `truth.parquet`, written by
`benchmarks/identity_data.py` from packages that make or ship them. What is not there is said and skipped.
Aims are F1 of pairs or of clusters; thresholds and weights have never seen a label.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.measures import Row, publish
from cdp.cli.console import errors


@dataclass(frozen=True, slots=True)
class DataSet:
    """`measure` is what `aim` is an aim for; None where another tool's number is still to be measured."""

    name: str
    measure: str
    aim: float | None


DATA_SETS = (
    DataSet("febrl2", "pair_f1", None),
    DataSet("febrl3", "pair_f1", 0.994),
    DataSet("febrl4", "pair_f1", 0.995),
    DataSet("pseudopeople", "cluster_f1", 0.977),
    DataSet("dupehell_customers", "pair_f1", None),
)
SHOWN = ("pair_precision", "pair_recall", "pair_f1", "cluster_precision", "cluster_recall", "cluster_f1")


def main(
    data: Annotated[Path, typer.Option(help="Folder with a folder per data set.")] = Path("var/benchmarks/identity"),
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here as well.")] = None,
) -> None:
    """Evaluate every data set that is there."""
    rows: list[Row] = []
    for data_set in DATA_SETS:
        folder = data / data_set.name
        if (folder / "records.parquet").is_file():
            rows += _rows(data_set, _evaluate(folder))
        else:
            errors.print(f"skipped: {data_set.name} is not in {data}; see benchmarks/identity_data.py", markup=False)
    publish("identity quality, unsupervised", rows, json_file)


def _evaluate(folder: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="identity-quality-") as scratch:
        numbers = Path(scratch) / "numbers.json"
        files = ["--records", folder / "records.parquet", "--truth", folder / "truth.parquet", "--json", numbers]
        cdp = str(Path(sys.executable).with_name("cdp"))
        command = [cdp, "identity", "evaluate", *map(str, files)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=dict(os.environ))
        found: dict[str, Any] = json.loads(numbers.read_text())
        return found


def _rows(data_set: DataSet, numbers: dict[str, Any]) -> list[Row]:
    rows = [Row(f"{data_set.name}: records", numbers["records"], "")]
    for measure in SHOWN:
        aim = data_set.aim if measure == data_set.measure else None
        ratio = round(numbers[measure] / aim, 4) if aim else None
        rows.append(Row(f"  {measure}", round(numbers[measure], 4), "", "aim" if aim else None, aim, ratio))
    return [*rows, Row("  seconds", round(sum(numbers["seconds"].values()), 1))]


if __name__ == "__main__":
    typer.run(main)
