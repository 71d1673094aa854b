"""The inspection of what has just arrived, before it becomes visible: every check of every source table (ADR 24)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import get_args

import duckdb

from cdp.declarations.sources import CsvLanding, FileLanding, SourceTable, SqlLanding
from cdp.landing.lake import parquet_relation
from cdp.landing.readers import quoted_name
from quality.landing.bench import FIRST_TABLES, Bench
from quality.landing.bounds import judge_contents
from quality.landing.looking import Arrival, Looked, looked_at, time_of
from quality.landing.profile import profile
from quality.landing.telling import told
from quality.landing.volume import judge_volume
from quality.thresholds import ContentCheck, LandingCheck, Thresholds
from quality.verdicts import Verdict, Word

CONTENTS: tuple[LandingCheck, ...] = get_args(ContentCheck)
MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class TableArrival:
    """One source table: parts that landed before, parts that are judged, and what the landing says of its files."""

    table: SourceTable
    seen: tuple[Path, ...]
    new: tuple[Path, ...]
    lines_in: int = 0
    rejected: int = 0
    refusals: tuple[str, ...] = ()


def _is_sql(each: TableArrival) -> bool:
    return isinstance(each.table.landing, SqlLanding)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is judged: `since` is the moment up to which days have been judged before, None before the first build."""

    arrivals: Sequence[TableArrival]
    as_of: datetime
    since: datetime | None
    restarts: Mapping[str, date]
    thresholds: Thresholds

    def verdicts(self) -> list[Verdict]:
        """One measure per check of each table that was looked at; nobody has judged them yet."""
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            for statement in FIRST_TABLES:
                connection.execute(statement)
            looked = {each.table.qualified_name: self._profile(connection, each) for each in self._measured()}
            changes = [self._changes(connection, each) for each in self._measured() if each.new and _is_sql(each)]
            found = judge_contents(connection, self.thresholds.landing, self.as_of, self.restarts)
            found += judge_volume(connection, self.thresholds.landing, self._days())
        return [*self._of_files(), *changes, *self._of_measures(found, looked)]

    def _measured(self) -> Iterator[TableArrival]:
        """Tables with something new, and where a day has ended, all that have days."""
        for each in self.arrivals:
            arrives = isinstance(each.table.landing, FileLanding | CsvLanding | SqlLanding)
            has_days = self._days() and time_of(each.table)
            if arrives and each.seen and (each.new or has_days):
                yield each

    def _days(self) -> list[date]:
        """The days of data that have ended since the last good build."""
        if self.since is None:
            return []
        late = timedelta(hours=self.thresholds.landing.arrives_within_hours)
        first, end = (self.since - late).date(), (self.as_of - late).date()
        return [first + timedelta(number) for number in range((end - first).days)]

    def _profile(self, connection: duckdb.DuckDBPyConnection, each: TableArrival) -> list[Looked]:
        arrival = Arrival(each.table, each.seen, each.new, time_of(each.table))
        looked = looked_at(connection, arrival)
        profile(Bench(connection, arrival, looked), self.as_of)
        return looked

    def _changes(self, connection: duckdb.DuckDBPyConnection, each: TableArrival) -> Verdict:
        """How many of the rows that a SQL source has are changed or deleted by one landing."""
        assert isinstance(each.table.landing, SqlLanding)
        key = ", ".join(quoted_name(name) for name in each.table.landing.key)
        standing = f"select count(*) from (select distinct {key} from {parquet_relation(each.seen)})"
        ((known,),) = connection.execute(standing).fetchall()
        old = f"({key}) in (select ({key}) from {parquet_relation(each.seen)})"
        ((changed,),) = connection.execute(f"select count(*) from {parquet_relation(each.new)} where {old}").fetchall()
        landing = self.thresholds.landing
        share = changed / known if known and changed >= landing.fewest_changes else 0.0
        says = f"{changed:,} of {known:,} rows were changed or deleted at once (at most {landing.changed_share:.0%})"
        return self._verdict(each.table.qualified_name, "changes", share, landing.changed_share, (says,))

    def _of_files(self) -> Iterator[Verdict]:
        for each in self.arrivals:
            name = each.table.qualified_name
            if each.lines_in or each.refusals:
                yield self._verdict(name, "files", float(len(each.refusals)), 0, each.refusals)
                share = each.rejected / each.lines_in if each.lines_in else 0.0
                most = self.thresholds.landing.rejected_share
                says = f"{each.rejected:,} of {each.lines_in:,} lines cannot be used (at most {most:.0%} may not)"
                yield self._verdict(name, "rejected", share if each.rejected > 1 else 0.0, most, (says,))

    def _of_measures(self, found: list[dict[str, object]], looked: Mapping[str, list[Looked]]) -> Iterator[Verdict]:
        for name in looked:
            for check in (*CONTENTS, "volume", "relations"):
                mine = [row for row in found if row["source_table"] == name and row["kind"] == check]
                if mine and check not in self.thresholds.landing.of(name).off:
                    yield self._worst(name, check, mine, looked[name])

    def _worst(self, name: str, check: LandingCheck, found: list[dict[str, object]], looked: list[Looked]) -> Verdict:
        ranked = sorted(found, key=lambda row: -float(str(row["deviation"] or 0)))
        out = [row for row in ranked if float(str(row["deviation"] or 0)) > 1]
        worst = ranked[0]
        sentences = tuple(told(row, looked) for row in out[:MOST_TOLD])
        more = (f"and {len(out) - MOST_TOLD} more",) if len(out) > MOST_TOLD else ()
        return self._verdict(name, check, float(str(worst["deviation"] or 0)), 1, (*sentences, *more), row=worst)

    def _verdict(
        self,
        table: str,
        check: LandingCheck,
        value: float,
        most: float,
        broken: Sequence[str],
        *,
        row: Mapping[str, object] | None = None,
    ) -> Verdict:
        return Verdict(
            check=f"{table}.{check}",
            boundary="landing",
            table=table,
            word=Word.UNJUDGED,
            value=value,
            low=None,
            high=most,
            median=None if row is None else float(str(row["median"])),
            observations=None if row is None else int(str(row["observations"])),
            told=tuple(broken),
            stops=self.thresholds.landing.of(table).stops,
        )
