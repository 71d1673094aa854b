"""`cdp demo …`: a real retailer's year, with the people it lacks, delivered day by day."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cdp.cli.console import errors, output
from cdp.demo import rules
from cdp.project import Project

if TYPE_CHECKING:
    from cdp.demo.reach import ReachScore
    from cdp.demo.score import PairScore

demo_app = typer.Typer(
    help="The demo company: a real retailer's year 2017 with generated people, delivered day by day.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    app.add_typer(demo_app, name="demo")


@demo_app.command("init")
def begin(
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Deliver what had arrived before this day.")
    ] = datetime(2017, 11, 1),
    customers: Annotated[
        int | None,
        typer.Option(min=1, help="Persons, from households resampled under new ids; default: the real households."),
    ] = None,
    events_per_customer: Annotated[
        float, typer.Option(min=1, help="Web events per person and year.")
    ] = rules.DEFAULT_EVENTS_PER_CUSTOMER,
    seed: Annotated[int, typer.Option(help="Another seed: other people, the same purchases.")] = 42,
    replace: Annotated[bool, typer.Option("--replace", help="Start over: delete world and inbox first.")] = False,
) -> None:
    """Make the demo world once, and deliver what had arrived before a day."""
    from cdp.demo.world import WorldSpec
    from cdp.demo.year import DemoYear

    year = DemoYear(Project.load())
    spec = WorldSpec(seed=seed, customers=customers, events_per_customer=events_per_customer)
    with errors.status("making the world: persons") as status:
        files = year.begin(spec, until.date(), replace=replace, progress=status.update)
    output.print(f"{files:,} files have arrived in {year.places.inbox}.", soft_wrap=True)
    output.print(f"It is {year.clock.now():%Y-%m-%d %H:%M}.")


@demo_app.command("next-day")
def next_day(days: Annotated[int, typer.Option(min=1, help="How many days.")] = 1) -> None:
    """Deliver the next day's files, edit the CRM, move the clock. Exit code 1 when the year has ended."""
    from cdp.demo.year import DemoYear

    year = DemoYear(Project.load())
    with errors.status("delivering") as status:
        files = year.next_days(days, progress=status.update)
    output.print(f"{files:,} files have arrived. It is {year.clock.now():%Y-%m-%d %H:%M}.")


@demo_app.command("score")
def show_score(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare the customers found with the true persons, beside the rule "same e-mail, same person"."""
    from cdp.demo.judge import judge, published_customers, published_evidence, read_truth

    project = Project.load()
    truth = read_truth(project)
    judgement = judge(published_customers(project), truth, published_evidence(project))
    rows = {
        "customers": (judgement.customers, judgement.reachable_customers),
        "same_raw_email": (judgement.same_raw_email, judgement.reachable_same_raw_email),
    }
    if as_json:
        typer.echo(json.dumps({name: _as_dict(*scores) for name, scores in rows.items()}))
    else:
        output.print(_score_table(rows))


@demo_app.command("rules")
def show_rules() -> None:
    """Print which rows are real, which are generated, and how messy the records are at least."""
    for rule in rules.BASKET_RULES:
        output.print(f"- {rule}", markup=False)
    table = Table("mess", "at least", "meaning", title="Declared minimum rates")
    for name, share, meaning in rules.declared(rules.MessRates()):
        table.add_row(name, f"{share:.3%}", meaning)
    output.print(table)


def _as_dict(score: PairScore, reach: ReachScore) -> dict[str, float]:
    return {
        "records": score.records,
        "precision": round(score.precision, 6),
        "recall": round(score.recall, 6),
        "reachable_recall": round(reach.recall, 6),
        "f1": round(score.f1, 6),
    }


def _score_table(rows: dict[str, tuple[PairScore, ReachScore]]) -> Table:
    table = Table("", "records", "pair precision", "pair recall", "of those within reach", "F1")
    for name, (score, reach) in rows.items():
        shares = (f"{share:.4f}" for share in (score.precision, score.recall, reach.recall, score.f1))
        table.add_row(name.replace("_", " "), f"{score.records:,}", *shares)
    return table
