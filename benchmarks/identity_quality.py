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
    """`measure` is what `aim` is an aim for; None where there is none but to be better than Splink."""

    name: str
    measure: str
    aim: float | None
    beside_splink: bool = False


DATA = Path("var/benchmarks/identity")
DATA_SETS = (
    DataSet("febrl2", "pair_f1", None),
    DataSet("febrl3", "pair_f1", 0.994),
    DataSet("febrl4", "pair_f1", 0.995),
    DataSet("pseudopeople", "cluster_f1", 0.977, beside_splink=True),
    DataSet("dupehell_customers", "pair_f1", None, beside_splink=True),
)
SHOWN = ("pair_precision", "pair_recall", "pair_f1", "cluster_precision", "cluster_recall", "cluster_f1")


def main(
    data: Annotated[Path, typer.Option(help="Folder with a folder per data set.")] = DATA,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here as well.")] = None,
) -> None:
    """Evaluate every data set that is there."""
    publish("identity quality, unsupervised", quality_rows(data), json_file)


def quality_rows(data: Path = DATA) -> list[Row]:
    """Rows of every data set that is there; of what is not, a line on the error stream."""
    rows: list[Row] = []
    for data_set in DATA_SETS:
        folder = data / data_set.name
        if (folder / "records.parquet").is_file():
            peer = _splink(folder) if data_set.beside_splink else None
            rows += _rows(data_set, _evaluate(folder), peer)
        else:
            errors.print(f"skipped: {data_set.name} is not in {data}; see benchmarks/identity_data.py", markup=False)
    return rows


def _evaluate(folder: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="identity-quality-") as scratch:
        numbers = Path(scratch) / "numbers.json"
        files = ["--records", folder / "records.parquet", "--truth", folder / "truth.parquet", "--json", numbers]
        cdp = str(Path(sys.executable).with_name("cdp"))
        command = [cdp, "identity", "evaluate", *map(str, files)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=dict(os.environ))
        found: dict[str, Any] = json.loads(numbers.read_text())
        return found


def _splink(folder: Path) -> dict[str, float]:
    from benchmarks.splink_quality import judged_splink

    judged = judged_splink(folder / "records.parquet", folder / "truth.parquet")
    return {"pair_f1": judged.pairs.f1, "cluster_f1": judged.clusters.f1}


def _rows(data_set: DataSet, numbers: dict[str, Any], splink: dict[str, float] | None) -> list[Row]:
    rows = [Row(f"{data_set.name}: records", numbers["records"], "")]
    for measure in SHOWN:
        value = round(numbers[measure], 4)
        peers = {"aim": data_set.aim if measure == data_set.measure else None, "Splink": (splink or {}).get(measure)}
        beside = [_beside(f"  {measure}", value, peer, other) for peer, other in peers.items() if other]
        rows += beside or [Row(f"  {measure}", value, "")]
    return [*rows, Row("  seconds", round(sum(numbers["seconds"].values()), 1))]


def _beside(name: str, value: float, peer: str, other: float) -> Row:
    return Row(name, value, "", peer, round(other, 4), round(value / other, 4))


if __name__ == "__main__":
    typer.run(main)
