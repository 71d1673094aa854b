"""`cdp identity …`: training the match weights, and measuring how well people are told apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.console import errors, output
from cdp.errors import CdpError, ConfigurationError, Location
from cdp.identity.explain_command import explain_records
from cdp.identity.show_command import show_customer
from cdp.project import Project

if TYPE_CHECKING:
    from cdp.identity.match_model import MatchModel

identity_app = typer.Typer(help="Who is who: the identity graph.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    identity_app.command("explain")(explain_records)
    identity_app.command("show")(show_customer)
    app.add_typer(identity_app, name="identity")


@identity_app.command("train")
def train_weights(
    seed: Annotated[int, typer.Option(help="Of the sample of random pairs: the same seed, the same weights.")] = 0,
) -> None:
    """Learn match weights from what the published build compared, and write them to the dbt project's seeds."""
    from cdp.identity.training import check_built, train
    from cdp.identity.weights import SEEDS
    from cdp.warehouse import open_warehouse

    project = Project.load()
    with open_warehouse(project).reader() as reader, errors.status("training"):
        check_built(reader)
        weights = train(reader, seed)
    weights.write(project.dbt_project / "seeds")
    output.print(f"Written: {', '.join(SEEDS)}. The next build scores with them.")


@identity_app.command("evaluate")
def evaluate_files(
    *,
    records: Annotated[Path, typer.Option(help="Parquet or CSV: `record_id`, and what is known of each record.")],
    truth: Annotated[Path, typer.Option(help="Parquet or CSV: `record_id`, `person_id`.")],
    config: Annotated[
        Path | None, typer.Option(help="YAML with a match model; default: the one that production runs.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every number and id here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the pairs by weight as a picture (.svg).")] = None,
    show: Annotated[int, typer.Option(min=0, help="How many wrong clusters of each kind to list.")] = 5,
) -> None:
    """Link the records of a file with the product's own models, trained on them alone, and judge the clusters.

    Judged is the matching tier by itself, `int_identity__match_clusters`: without the shared identifiers, limits and
    overrides of the identity graph, which takes only the pairs that are all but certain.
    """
    from cdp.identity.evaluation.evaluate import evaluate
    from cdp.identity.evaluation.plot import weights_svg
    from cdp.identity.evaluation.report import as_json, mistakes, remarks, summary

    if plot and plot.suffix.lower() != ".svg":
        raise CdpError("a plot is written as SVG.", where=Location(plot), remedy="Give a name that ends with .svg.")
    product = _dbt_project()
    with errors.status("starting") as status:
        evaluation = evaluate(records, truth, _match_model(config, product), product, status.update)
    for table in (summary(evaluation), *mistakes(evaluation, show)):
        output.print(table)
    for remark in remarks(evaluation):
        output.print(remark, markup=False)
    if json_file:
        json_file.write_text(json.dumps(as_json(evaluation), indent=2) + "\n", encoding="utf-8")
    if plot:
        plot.write_text(weights_svg(evaluation.judgement.histogram, records.name), encoding="utf-8")


def _match_model(config: Path | None, product: Path) -> MatchModel:
    from cdp.identity.match_model import load_match_model

    return load_match_model(config or product / "dbt_project.yml")


def _dbt_project() -> Path:
    """The dbt project of the project around the current folder; elsewhere the product's own."""
    from cdp.starter.shared_models import PRODUCT

    try:
        return Project.load().dbt_project
    except ConfigurationError:
        return PRODUCT
