"""`cdp compile`, `cdp segments …`, `cdp explain customer` and `cdp explain consent`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from cdp.cli.console import errors, output
from cdp.cli.explain import explain_app
from cdp.errors import CdpError, ConfigurationError, DeclarationError
from cdp.project import Project
from cdp.segments.review_commands import register_reviews

if TYPE_CHECKING:
    from cdp.declarations.segments import Segment
    from cdp.segments.explain import Reason

segments_app = typer.Typer(help="The declared segments.", no_args_is_help=True)
register_reviews(segments_app)
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
    from cdp.declarations.problems import together
    from cdp.segments.compiler import compile_what_stands, drift, write

    project = Project.load()
    compiled = compile_what_stands(project)
    generated, problems = compiled.generated, compiled.problems
    for warning in compiled.warnings:
        errors.print(f"warning: {warning}", soft_wrap=True, markup=False)
    found = drift(project, generated)
    if check and problems:
        raise together(problems)
    if check and found:
        raise CdpError(
            "these generated files are not current:\n" + _listed(project, *found.stale, *found.orphaned),
            remedy="\nRun `cdp compile` and commit what it writes.",
        )
    if not check:
        write(found, generated)
    written = f"{len(found.stale)} written, {len(found.orphaned)} deleted" if found else "all current"
    output.print(f"{len(generated)} generated files: {written}.")
    if problems:
        output.print("What is broken stays as it was compiled before; what is new is left out.")
        raise together(problems)


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
    segment: Annotated[str | None, typer.Option("--segment", help="Why they are in this segment, or not.")] = None,
    audience: Annotated[str | None, typer.Option("--audience", help="Why this audience reaches them, or not.")] = None,
    as_json: AsJson = False,
) -> None:
    """Why a customer is, or is not, in a segment or an audience: each step beside the customer's own value."""
    if (segment is None) is (audience is None):
        raise ConfigurationError("name one of the two: `--segment NAME` or `--audience NAME`.")
    kind, name = ("segment", segment) if segment else ("audience", audience)
    reasons, as_of, is_current = _reasons(customer, segment, audience)
    is_member = all(reason.holds for reason in reasons if reason.depth == 0)
    if as_json:
        answer = {"customer_id": customer, kind: name, "as_of": as_of, "is_member": is_member}
        _print_json({**answer, "is_published_rule": is_current}, reasons)
        return
    if not is_current:
        errors.print("The rule has changed since the last build: this answers by the file. Next: cdp compile, cdp run.")
    output.print(f"Customer {customer} {'is' if is_member else 'is not'} in {name} as of {as_of} (UTC).")
    output.print(_reasons_table(reasons))


def _reasons(customer: int, segment: str | None, audience: str | None) -> tuple[list[Reason], datetime, bool]:
    """The answer from the published generation, its moment, and whether that was built from the rule as it is."""
    from cdp.declarations.problems import together
    from cdp.segments.explain import explain_membership
    from cdp.segments.published import is_published
    from cdp.segments.reach import explain_reach
    from cdp.segments.standing import read_standing, read_standing_audiences
    from cdp.warehouse import open_warehouse

    project = Project.load()
    standing = read_standing(project)
    segments = standing.segments
    if segment and segment not in segments and standing.problems:
        raise together(standing.problems)
    if segment:
        asked = _find(segments, segment, "segment")
        with open_warehouse(project).reader() as reader:
            reasons = explain_membership(reader, segments, asked, customer)
            return reasons, reader.generation.as_of, is_published(reader, asked, segments)
    read = read_standing_audiences(project, standing.left_out)
    if audience not in read.audiences and read.problems:
        raise together(read.problems)
    reached = _find(read.audiences, str(audience), "audience")
    with open_warehouse(project).reader() as reader:
        reasons = explain_reach(reader, segments, reached, customer)
        return reasons, reader.generation.as_of, is_published(reader, segments[reached.segment], segments)


@explain_app.command("consent")
def explain_consent_at(
    address: Annotated[str, typer.Argument(help="An e-mail address, or a phone number with its country code.")],
    at: Annotated[
        datetime | None, typer.Option("--at", help="The moment, UTC; default: that of the last build.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What was allowed at an address at a moment, and by which words. The address is not printed."""
    from cdp.address_macros import AddressMacros
    from cdp.segments.consent import explain_consent
    from cdp.segments.consent_telling import consent_table
    from cdp.warehouse import open_warehouse

    project = Project.load()
    with open_warehouse(project).reader() as reader:
        moment = reader.generation.as_of if at is None else _naive_utc(at)
        answer = explain_consent(reader, AddressMacros(project.dbt_project).address(address), moment)
    if as_json:
        output.print_json(json.dumps({"at": moment, **asdict(answer)}, default=str))
        return
    output.print(f"At {moment} (UTC); what is not listed was not allowed.")
    output.print(consent_table(answer))
    if answer.suppressed_for:
        output.print(f"Nothing could be sent: the address is suppressed ({answer.suppressed_for}).")
    if answer.is_do_not_contact:
        output.print("Nothing may be sent now: somebody with this address asked never to be contacted.")


def _naive_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _find(declared: Mapping[str, Declared], name: str, kind: str) -> Declared:
    if name in declared:
        return declared[name]
    from cdp.declarations.traits import nearest

    raise DeclarationError(f"there is no {kind} `{name}`.", remedy=nearest(name, declared, f"activation/{kind}s"))


def _print_json(answer: Mapping[str, Any], reasons: Sequence[Reason]) -> None:
    output.print_json(json.dumps({**answer, "reasons": [asdict(each) for each in reasons]}, default=str))


def _reasons_table(reasons: Sequence[Reason]) -> Table:
    table = Table("asked", "the customer's value", "holds")
    for reason in reasons:
        value = "" if reason.value is None else str(reason.value)
        table.add_row(Text("  " * reason.depth + reason.asked), Text(value), "yes" if reason.holds else "no")
    return table
