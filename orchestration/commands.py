"""`cdp run`, `cdp status`, `cdp dbt` and `cdp ui`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from cdp.cli.console import errors, output
from cdp.project import Project

if TYPE_CHECKING:
    from orchestration.report import Report

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    app.command("run")(run)
    app.command("status")(status)
    app.command("dbt", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(dbt)
    app.command("ui")(ui)


def run(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build every table from the beginning; registries and histories are kept.")
    ] = False,
    as_json: AsJson = False,
    log_format: Annotated[
        Literal["text", "json"],
        typer.Option(envvar="CDP_LOG", help="`json`: a line per event on standard error, for machines."),
    ] = "text",
) -> None:
    """Raw records in, synced audiences out: land, build, audit, publish, sync; does only what is due.

    Ends with 0 where all went well, 3 where another run is at work, 4 where a build or a sync was stopped by a gate,
    5 where a source or a file could not be landed, 1 where something else failed. A build that fails leaves readers
    and tools as they were.
    """
    from cdp.pipeline.building import running
    from cdp.segments.compiler import what_a_build_would_miss
    from reverse_etl.sandbox.serving import running_sandbox

    project = Project.load()
    shown = Console(quiet=True) if log_format == "json" else errors
    # Dagster takes seconds to import: a second run is turned away before, and the sandbox starts beside.
    with running(project), shown.status("starting") as spinner, running_sandbox(project) as sandbox:
        from orchestration.journal import journal_of
        from orchestration.report import Report
        from orchestration.run import run_project

        report, journal = Report(spinner), journal_of(project, log_format)
        if missed := what_a_build_would_miss(project):
            shown.print(missed, markup=False, soft_wrap=True)
            journal.warned(missed)
        run_project(project, sandbox, report, journal, rebuild=rebuild)
    if as_json:
        output.print_json(json.dumps(report.as_json()))
    else:
        _print(report)
    if log_format == "json":
        code = report.errors[0].exit_code if report.errors else 0
        journal.tell("ended", exit_code=code, warnings=report.warnings, errors=[str(each) for each in report.errors])
        raise typer.Exit(code)
    for warning in report.warnings:
        errors.print(f"warning: {warning}", markup=False, soft_wrap=True)
    if report.errors:
        *others, first = reversed(report.errors)
        for error in reversed(others):
            errors.print(f"error: {error}", markup=False, soft_wrap=True)
        raise first


def _print(report: Report) -> None:
    from orchestration.tables import NEXT_STEPS, report_table

    if report.changed_nothing and not report.errors:
        output.print(f"Nothing new: nothing was built and nothing was sent ({sum(report.seconds.values()):.0f} s).")
        return
    output.print(report_table(report))
    if not report.errors:
        output.print(NEXT_STEPS, markup=False, highlight=False, soft_wrap=True)


def status(as_json: AsJson = False) -> None:
    """How things stand: what is published, how fresh each source is, how each sync ended."""
    from orchestration.status import project_status, status_tables

    found = project_status(Project.load())
    if as_json:
        output.print_json(json.dumps(found, default=str))
        return
    for table in status_tables(found):
        output.print(table)


def dbt(context: typer.Context) -> None:
    """Run dbt on a copy of what is published, in `scratch/` under the state folder."""
    from cdp.pipeline.scratch import run_on_scratch

    raise typer.Exit(run_on_scratch(Project.load(), context.args))


def ui(port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 3000) -> None:
    """Open Dagster on this machine: the asset graph, its runs, the schedule and the sensors."""
    from orchestration.ui import serve

    raise typer.Exit(serve(Project.load(), port))
