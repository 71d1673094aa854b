"""What a steward has decided about pairs of records (`seeds/identity_overrides.csv`)."""

from __future__ import annotations

import csv
import io
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cdp.declarations.problems import together
from cdp.errors import DeclarationError, Location

OVERRIDES_FILE = Path("seeds/identity_overrides.csv")
COLUMNS = ["record_key_a", "record_key_b", "decision", "comment"]
DECISIONS = ("always", "never")
_NO_MARK = "Save the file as plain UTF-8."


@dataclass(frozen=True, slots=True)
class Override:
    """One decision on two records, in the order of their keys."""

    pair: tuple[str, str]
    decision: str
    where: Location


def override_line(record_a: str, record_b: str, decision: str) -> str:
    """The line to add to the file; why, and who decided, is for a person to write."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([*sorted((record_a, record_b)), decision, "why and who"])
    return line.getvalue()


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
    problems += _roundabout(decided.values())
    if problems:
        raise together(problems)
    return list(decided.values())


def _lines(file: Path) -> Iterator[tuple[Location, list[str]]]:
    """Lines below the header, with the line that each ends in; blank ones are none."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            rows = csv.reader(opened, strict=True)
            _check_header(next(rows, []), Location(file, 1))
            for cells in rows:
                if any(cell.strip() for cell in cells):
                    yield Location(file, rows.line_num), cells
    except UnicodeDecodeError:
        raise DeclarationError("the file is not UTF-8 text.", where=Location(file)) from None
    except csv.Error as error:
        raise DeclarationError(f"this is not CSV: {error}.", where=Location(file, rows.line_num)) from None


def _check_header(cells: list[str], where: Location) -> None:
    if cells[:1] == [f"\ufeff{COLUMNS[0]}"]:
        raise DeclarationError("a byte order mark stands before the first line.", where=where, remedy=_NO_MARK)
    if cells != COLUMNS:
        raise DeclarationError(f"the first line is not `{','.join(COLUMNS)}`.", where=where, remedy="Write it so.")


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


def _roundabout(overrides: Iterable[Override]) -> Iterator[DeclarationError]:
    """Pairs that are kept apart although other lines join them through a third record."""
    joined: dict[str, list[tuple[str, Override]]] = defaultdict(list)
    apart: list[Override] = []
    for override in overrides:
        one, other = override.pair
        if override.decision == "never":
            apart.append(override)
        else:
            joined[one].append((other, override))
            joined[other].append((one, override))
    for override in apart:
        if way := _way(joined, *override.pair):
            lines = " and ".join(str(line) for line in sorted(step.where.line or 0 for step in way))
            yield DeclarationError(
                f"the pair is `never`, but joined through other records by the lines {lines}.",
                where=override.where,
                remedy="Delete what no longer holds.",
            )


def _way(joined: Mapping[str, list[tuple[str, Override]]], start: str, end: str) -> list[Override]:
    """The fewest decisions that lead from one record to another; none where nothing does."""
    ways: dict[str, list[Override]] = {start: []}
    ahead = deque([start])
    while ahead and end not in ways:
        record = ahead.popleft()
        for other, override in joined.get(record, ()):
            if other not in ways:
                ways[other] = [*ways[record], override]
                ahead.append(other)
    return ways.get(end, [])
