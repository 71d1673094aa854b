"""From rows to what a picture needs: shares, shades and points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cdp.report.contents import Contents, Row, Rows


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time in a box of `width` × `height`, the first at the left edge, zero at the bottom."""

    values: Sequence[float]
    width: float
    height: float

    @property
    def top(self) -> float:
        return max(self.values, default=0) or 1

    def x(self, place: int) -> float:
        return round(self.width * place / max(len(self.values) - 1, 1), 1)

    def y(self, value: float) -> float:
        return round(self.height * (1 - value / self.top), 1)

    @property
    def line(self) -> str:
        return " ".join(f"{self.x(place)},{self.y(value)}" for place, value in enumerate(self.values))

    @property
    def area(self) -> str:
        return f"0,{self.height} {self.line} {self.x(len(self.values) - 1)},{self.height}" if self.values else ""


def share(part: float, whole: float) -> float:
    """0 to 1; 0 of nothing."""
    return part / whole if whole else 0.0


def grid(rows: Iterable[Row], row_key: str, column_key: str) -> dict[tuple[object, object], Row]:
    """The rows by the two columns that name a cell."""
    return {(row[row_key], row[column_key]): row for row in rows}


def weeks(carts: Rows) -> list[dict[str, object]]:
    """Days of carts as weeks that begin on Mondays: `week_on`, how many ended how, and the share abandoned."""
    sums: dict[date, dict[str, int]] = {}
    for day in carts:
        monday = day["abandoned_on"] - timedelta(days=day["abandoned_on"].weekday())
        week = sums.setdefault(monday, dict.fromkeys(("completed_count", "abandoned_count", "recovered_count"), 0))
        for name in week:
            week[name] += day[name]
    return [
        {"week_on": monday, **week, "rate": share(week["abandoned_count"], sum(_ended(week)))}
        for monday, week in sorted(sums.items())
    ]


def _ended(week: Mapping[str, int]) -> tuple[int, int]:
    return week["completed_count"], week["abandoned_count"]


def member_counts(contents: Contents) -> dict[str, list[int]]:
    """For each segment its members at the end of each day on which any segment moved."""
    days = sorted({row["moved_on"] for row in contents.flows})
    counted = grid(contents.flows, "segment_name", "moved_on")
    return {
        row["segment_name"]: _carried_on([counted.get((row["segment_name"], day)) for day in days])
        for row in contents.segments
    }


def _carried_on(rows: Iterable[Row | None]) -> list[int]:
    counts: list[int] = []
    for row in rows:
        counts.append(row["members_count"] if row else counts[-1] if counts else 0)
    return counts
