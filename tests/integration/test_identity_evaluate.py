"""The product's own matching models on made-up people: what they find, what Splink says of it, what a person reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from splink import DuckDBAPI
from typer.testing import CliRunner

from cdp.cli.main import app
from cdp.identity import commands
from cdp.identity.evaluation import evaluate as evaluation
from cdp.identity.evaluation.scratch import ScratchReader, ScratchWarehouse
from cdp.identity.match_model import PROJECT_FILE, load_match_model
from cdp.identity.splink_model import RECORDS, linker
from cdp.identity.training import read_comparisons
from cdp.identity.weights import MatchWeights
from tests.doubles.people import write_namesakes, write_people

PRODUCT = Path(__file__).parents[2] / "dbt_project"


@dataclass
class Run:
    """One run of the command, with the warehouse it left behind."""

    printed: str
    numbers: dict[str, object]
    picture: str
    warehouse: Path
    weights: MatchWeights


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("evaluate")
    records, truth = write_people(folder, households=250, seed=7)
    learned: list[MatchWeights] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScratchWarehouse, "file", property(lambda _: folder / "kept.duckdb"))
        train = evaluation.train
        patch.setattr(evaluation, "train", lambda reader: learned.append(train(reader)) or learned[0])
        if not any(group.name == "identity" for group in app.registered_groups):
            commands.register(app)
        arguments = ["--records", str(records), "--truth", str(truth)]
        outputs = ["--json", str(folder / "numbers.json"), "--plot", str(folder / "weights.svg")]
        finished = CliRunner().invoke(app, ["identity", "evaluate", *arguments, *outputs], catch_exceptions=False)
    assert finished.exit_code == 0
    numbers = json.loads((folder / "numbers.json").read_text())
    yield Run(finished.output, numbers, (folder / "weights.svg").read_text(), folder / "kept.duckdb", learned[0])


def test_people_are_told_apart_without_a_label(run: Run) -> None:
    assert float(str(run.numbers["pair_precision"])) > 0.98
    assert float(str(run.numbers["pair_f1"])) > 0.97
    assert float(str(run.numbers["cluster_f1"])) > 0.97


def test_namesakes_with_like_mailboxes_stay_apart(tmp_path: Path) -> None:
    records, truth = write_namesakes(tmp_path, people=2000, seed=3)
    found = evaluation.evaluate(records, truth, load_match_model(PRODUCT / PROJECT_FILE), PRODUCT).judgement
    assert found.pairs.precision > 0.97
    assert found.pairs.recall > 0.95


def test_more_copies_of_a_record_than_a_block_may_hold_are_one_person(tmp_path: Path) -> None:
    records, truth = write_people(tmp_path, households=500, seed=5, copies=90)
    found = evaluation.evaluate(records, truth, load_match_model(PRODUCT / PROJECT_FILE), PRODUCT).judgement
    assert found.pairs.agreed > 90 * 91 / 2
    assert found.pairs.precision > 0.98
    assert found.clusters.recall > 0.97


def test_a_person_reads_shares_and_ids_but_nothing_that_a_record_says(run: Run) -> None:
    assert "Compared by birth_date, city, email" in run.printed.replace("\n", " ")
    everything = run.printed + json.dumps(run.numbers) + run.picture
    assert "mail.example" not in everything
    assert "+1555" not in everything


def test_splink_gives_the_same_probability_for_the_same_weights_and_pairs(run: Run) -> None:
    with duckdb.connect(str(run.warehouse)) as warehouse, duckdb.connect() as oracle:
        reader = ScratchReader(warehouse)
        ours = everything(reader, "int_identity__match_pairs")
        oracle.register("ours", ours)
        oracle.register("arrived", everything(reader, "int_identity__match_records"))
        oracle.execute(f"create table {RECORDS} as from arrived")
        comparisons = [each for each in read_comparisons(reader) if each.name in run.weights.levels]
        oracle.register("predicted", predicted(linker(oracle, comparisons, run.weights), oracle))
        [(compared, probability, weight)] = oracle.execute(
            """
            select count(*), max(abs(ours.match_probability - predicted.match_probability)),
                max(abs(ours.match_weight - predicted.match_weight))
            from ours inner join predicted
                on ours.record_key_a = predicted.record_key_l and ours.record_key_b = predicted.record_key_r
            """
        ).fetchall()
    assert compared == ours.num_rows > 1000
    assert float(probability) < 1e-6
    assert float(weight) < 1e-4


def everything(reader: ScratchReader, model: str) -> pa.Table:
    return reader.query(f"select * from {reader.relation(model)}").read_all()


def predicted(model: Any, oracle: duckdb.DuckDBPyConnection) -> pa.Table:
    """What Splink says of exactly our pairs."""
    oracle.execute(
        "create table blocked as "
        "select '0' as match_key, record_key_a as join_key_l, record_key_b as join_key_r from ours"
    )
    model.table_management.register_blocked_pairs_for_predict(DuckDBAPI(connection=oracle).register("blocked"))
    return model.inference.predict().as_pyarrow_table()
