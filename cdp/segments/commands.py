"""`cdp compile`, `cdp segments …` and `cdp explain customer`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from cdp.cli.console import output
from cdp.cli.explain import explain_app
from cdp.errors import CdpError, DeclarationError
from cdp.project import Project

if TYPE_CHECKING:
    from cdp.declarations.segments import Segment
    from cdp.segments.explain import Reason

segments_app = typer.Typer(help="The declared segments.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Customer = Annotated[int, typer.Argument(help="The customer_id.")]
Declared = TypeVar("Declared")


def register(app: typer.Typer) -> None:
    """Add this room's commands to the shell."""
    app.command("compile")(compile_declarations)
    app.add_typer(segments_app, name="segments")
    app.add_typer(explain_app, name="explain")


def compile_declarations(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a file is not current.")] = False,
) -> None:
    """Write the SQL and the editor schemas of everything declared under `activation/`."""
    from cdp.segments.compiler import compile_project, drift, write

    project = Project.load()
    generated = compile_project(project)
    found = drift(project, generated)
    if check and found:
        raise CdpError(
            "these generated files are not current:\n" + _listed(project, *found.stale, *found.orphaned),
            remedy="\nRun `cdp compile` and commit what it writes.",
        )
    if not check:
        write(found, generated)
    written = f"{len(found.stale)} written, {len(found.orphaned)} deleted" if found else "all current"
    output.print(f"{len(generated)} generated files: {written}.")


def _listed(project: Project, *paths: Path) -> str:
    return "\n".join(f"  {path.relative_to(project.root)}" for path in paths)


@segments_app.command("list")
def list_segments(as_json: AsJson = False) -> None:
    """Every segment: its owner, what kind it is, and its rule in words."""
    from cdp.declarations.problems import together
    from cdp.declarations.segments import read_segments

    segments, problems = read_segments(Project.load())
    rows = [_row(segment) for segment in segments.values()]
    if as_json:
        output.print_json(json.dumps(rows, ensure_ascii=False))
    else:
        table = Table("name", "owner", "kind", "who")
        for row in rows:
            table.add_row(row["name"], Text(row["owner"]), row["kind"], Text(row["who"]))
        output.print(table)
    if problems:
        raise together(problems)


def _row(segment: Segment) -> dict[str, str]:
    from cdp.segments.words import segment_in_words

    return {"name": segment.name, "owner": segment.owner, "kind": segment.kind, "who": segment_in_words(segment)}


@explain_app.command("customer")
def explain_customer(
    customer: Customer,
    segment: Annotated[str, typer.Option("--segment", help="The segment's name.")],
    as_json: AsJson = False,
) -> None:
    """Why a customer is, or is not, in a segment: each condition beside the customer's own value."""
    from cdp.declarations.segments import load_segments
    from cdp.segments.explain import explain_membership
    from cdp.warehouse import open_warehouse

    project = Project.load()
    segments = load_segments(project)
    asked = _find(segments, segment, "segment")
    with open_warehouse(project).reader() as reader:
        reasons = explain_membership(reader, segments, asked, customer)
        as_of = reader.generation.as_of
    is_member = reasons[0].holds
    if as_json:
        answer = {"customer_id": customer, "segment": segment, "as_of": as_of, "is_member": is_member}
        _print_json(answer, reasons)
        return
    output.print(f"Customer {customer} {'is' if is_member else 'is not'} in {segment} as of {as_of} (UTC).")
    output.print(_reasons_table(reasons, "the customer's value"))


@explain_app.command("audience")
def explain_audience(
    audience: Annotated[str, typer.Argument(help="The audience's name.")], customer: Customer, as_json: AsJson = False
) -> None:
    """Why an audience does, or does not, reach a customer: segment, do-not-contact, address, consent, suppression."""
    from cdp.declarations.audiences import load_audiences
    from cdp.segments.reach import explain_reach
    from cdp.warehouse import open_warehouse

    project = Project.load()
    asked = _find(load_audiences(project), audience, "audience")
    with open_warehouse(project).reader() as reader:
        reasons = explain_reach(reader, asked, customer)
        as_of = reader.generation.as_of
    is_reached = all(reason.holds for reason in reasons)
    if as_json:
        answer = {"customer_id": customer, "audience": audience, "as_of": as_of, "is_reached": is_reached}
        _print_json(answer, reasons)
        return
    output.print(f"Customer {customer} is {'' if is_reached else 'not '}reached by {audience} as of {as_of} (UTC).")
    output.print(_reasons_table(reasons, "addresses left"))


def _find(declared: Mapping[str, Declared], name: str, kind: str) -> Declared:
    if name in declared:
        return declared[name]
    from cdp.declarations.traits import nearest

    raise DeclarationError(f"there is no {kind} `{name}`.", remedy=nearest(name, declared, f"activation/{kind}s"))


def _print_json(answer: Mapping[str, Any], reasons: Sequence[Reason]) -> None:
    output.print_json(json.dumps({**answer, "reasons": [asdict(each) for each in reasons]}, default=str))


def _reasons_table(reasons: Sequence[Reason], value_heading: str) -> Table:
    table = Table("asked", value_heading, "holds")
    for reason in reasons:
        value = "" if reason.value is None else str(reason.value)
        table.add_row(Text("  " * reason.depth + reason.asked), Text(value), "yes" if reason.holds else "no")
    return table
