"""What a steward has decided about pairs of records (`seeds/identity_overrides.csv`)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cdp.declarations.problems import together
from cdp.errors import DeclarationError, Location

OVERRIDES_FILE = Path("seeds/identity_overrides.csv")
COLUMNS = ["record_key_a", "record_key_b", "decision", "comment"]
DECISIONS = ("always", "never")


@dataclass(frozen=True, slots=True)
class Override:
    """One decision on two records, in the order of their keys."""

    pair: tuple[str, str]
    decision: str
    where: Location


def override_line(record_a: str, record_b: str, decision: str) -> str:
    """The line to add to the file; why, and who decided, is for a person to write."""
    return ",".join([*sorted((record_a, record_b)), decision, "why and who"])


def load_overrides(dbt_project: Path) -> list[Override]:
    """Every decision in the file, none where there is no file.

    Raises DeclarationError with the line of everything that is no decision, or contradicts an earlier one.
    """
    file = dbt_project / OVERRIDES_FILE
    if not file.is_file():
        return []
    decided: dict[tuple[str, str], Override] = {}
    problems: list[DeclarationError] = []
    for where, cells in _lines(file):
        try:
            override = _override(cells, where)
            _check_against(decided.setdefault(override.pair, override), override)
        except DeclarationError as problem:
            problems.append(problem)
    if problems:
        raise together(problems)
    return list(decided.values())


def _lines(file: Path) -> Iterator[tuple[Location, list[str]]]:
    """Lines below the header, with the line that each ends in; blank ones are none."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            rows = csv.reader(opened, strict=True)
            if next(rows, []) != COLUMNS:
                raise DeclarationError(
                    f"the first line is not `{','.join(COLUMNS)}`.", where=Location(file, 1), remedy="Write it so."
                )
            for cells in rows:
                if any(cell.strip() for cell in cells):
                    yield Location(file, rows.line_num), cells
    except UnicodeDecodeError:
        raise DeclarationError("the file is not UTF-8 text.", where=Location(file)) from None
    except csv.Error as error:
        raise DeclarationError(f"this is not CSV: {error}.", where=Location(file, rows.line_num)) from None


def _override(cells: list[str], where: Location) -> Override:
    if len(cells) != len(COLUMNS):
        raise DeclarationError(
            f"the line has {len(cells)} values where there are {len(COLUMNS)} columns.",
            where=where,
            remedy='A comment with a comma stands in quotes: `"one, two"`.',
        )
    first, second, decision = cells[:3]
    if decision not in DECISIONS:
        raise DeclarationError("the decision is neither `always` nor `never`.", where=where)
    if not first or not second or first != first.strip() or second != second.strip():
        raise DeclarationError("a record key is missing, or has blanks around it.", where=where)
    if first == second:
        raise DeclarationError("a record is paired with itself.", where=where, remedy="Name two records.")
    return Override((min(first, second), max(first, second)), decision, where)


def _check_against(earlier: Override, override: Override) -> None:
    if earlier is override:
        return
    if earlier.decision == override.decision:
        told, remedy = "is decided a second time", "Keep one of the two lines."
    else:
        told, remedy = f"is `{earlier.decision}` and `{override.decision}` at once", "Delete what no longer holds."
    raise DeclarationError(
        f"the pair {told}; the other line is {earlier.where.line}.", where=override.where, remedy=remedy
    )
