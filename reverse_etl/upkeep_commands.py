"""`cdp sync …` for what a person decides about rows and lists: try again, resolve, reconcile, remove, start over."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from cdp.cli.console import output
from cdp.cli.tables import table_of
from cdp.project import Project
from reverse_etl.declarations import Sync
from reverse_etl.payload import Seal
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.standing import Books, Word

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log.", prompt=True)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def register_upkeep(app: typer.Typer) -> None:
    """Add these commands to `cdp sync`."""
    app.command("rejected")(rejected)
    app.command("retry")(retry)
    app.command("resolve")(resolve_key)
    app.command("reconcile")(reconcile)
    app.command("remove")(remove)
    app.command("start-over")(start_over)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where a person decides about one sync."""

    project: Project
    sync: Sync
    books: Books

    @property
    def standing(self) -> int:
        """How many rows the tool holds of ours."""
        return self.books.projection.standing(*self.sync.names, target=self.sync.target)[0]

    def word(self, action: str, reason: str) -> Word:
        return Word(action, getpass.getuser(), reason, self.project.clock.now())


@contextmanager
def _desk(name: str) -> Iterator[_Desk]:
    from cdp.store import open_store
    from reverse_etl.syncs import load_sync

    project = Project.load()
    sync, store = load_sync(project, name), open_store(project.store_url)
    try:
        projection = ReceiptsProjection(store, project.lake)
        projection.catch_up()
        yield _Desk(project, sync, Books(store, projection, Seal.of(project.state)))
    finally:
        store.close()


def rejected(name: str, as_json: AsJson = False) -> None:
    """Which rows the tool has refused in the end, by code."""
    from reverse_etl.refusals import refusals

    with _desk(name) as desk:
        rows = [asdict(refusal) for refusal in refusals(desk.books.projection, desk.sync)]
    if as_json:
        output.print_json(json.dumps(rows, default=str))
        return
    output.print(table_of(["code", "rows", "since", "example", "reason"], rows))


def retry(
    name: str,
    reason: Reason,
    code: Annotated[str, typer.Option(help="Only rows that were refused with this code.")] = "",
) -> None:
    """Let the next run send refused rows again as they are, for example after a template was repaired."""
    from reverse_etl.refusals import try_again

    with _desk(name) as desk:
        rows = try_again(desk.books, desk.sync, code, desk.word("retry", reason))
    output.print(f"{rows:,} refused rows of {name} go again; now: cdp sync run {name}")


def resolve_key(
    name: str,
    key: str,
    arrived: Annotated[bool, typer.Option("--arrived/--not-arrived", help="What you found at the tool.")],
    reason: Reason,
) -> None:
    """Say what became of a row whose answer was lost; where it did not arrive, the next run sends it again."""
    from reverse_etl.resolving import resolve

    with _desk(name) as desk:
        resolve(desk.books, desk.sync, {key}, desk.word("resolve", reason), arrived=arrived)
    output.print(f"{name}: noted that it {'arrived' if arrived else 'did not arrive; the next run sends it'}.")


def reconcile(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SYNC]...", help="Default: every sync.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the tools whether they hold what they acknowledged; ends with 1 where one lacks more than it may."""
    from reverse_etl.runs import reconcile_syncs

    found = list(reconcile_syncs(Project.load(), names))
    rows = [{**asdict(one), "agrees": one.agrees} for one in found]
    if as_json:
        output.print_json(json.dumps(rows))
    else:
        told = [{**row, "agrees": "yes" if row["agrees"] else "no"} for row in rows]
        output.print(table_of(["sync", "expected", "found", "agrees", "reason"], told))
    raise typer.Exit(1 if any(one.is_alarming for one in found) else 0)


def remove(name: str, reason: Reason, yes: Yes = False) -> None:
    """Take out of the tool all that a sync has put there, before its file is deleted."""
    from reverse_etl.runs import remove_from_tool

    with _desk(name) as desk:
        where = f"{desk.standing:,} rows of {desk.sync.target}"
        question = f"Take out {where}? If another sync is to keep these people, run that one first: add before remove."
        if not yes:
            typer.confirm(question, abort=True)
        result = remove_from_tool(desk.project, desk.sync, desk.word("remove", reason))
    output.print(
        f"{name}: {result.status.value}, {result.counts.ok:,} taken out{_because(result.reason)}", markup=False
    )
    output.print(f"Now delete activation/syncs/{name}.yml: the next run would add them again.")
    raise typer.Exit(result.exit_code)


def start_over(name: str, reason: Reason, yes: Yes = False) -> None:
    """Forget what the tool acknowledged, because its list is gone: the next run fills it from the start."""
    from reverse_etl.runs import forget

    with _desk(name) as desk:
        question = f"Forget that {desk.standing:,} rows stand in {desk.sync.target}? What is there stays."
        if not yes:
            typer.confirm(question, abort=True)
        forget(desk.project, desk.sync, desk.word("start over", reason))
    output.print(f"{name}: forgotten; now: cdp sync run {name}")


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
