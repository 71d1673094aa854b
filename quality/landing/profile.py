"""The profile of one source table: what each day held before, and what the judged rows hold (ADR 24)."""

from __future__ import annotations

from datetime import datetime

from cdp.landing.lake import parquet_relation, quoted
from quality.landing.bench import FIRST_JUDGED, Bench
from quality.landing.links import observe_links
from quality.landing.looking import LOOK_BACK_DAYS
from quality.landing.values import observe_numbers, observe_texts, observe_times

_GOOD_PART = 0.2
"""A day of data with this share of the judged rows is judged by itself: a good day must not hide a bad one.

Fewer rows of other days, which are late, are judged with the last of those.
"""


def profile(bench: Bench, as_of: datetime) -> None:
    """Add one table to `observed`, and to `counted` how many rows and keys each day has by now."""
    moment = f"cast({quoted(as_of.isoformat())} as timestamp)"
    _gather(bench, moment)
    _count(bench)
    if bench.columns("text"):
        observe_texts(bench)
        observe_links(bench)
    if bench.columns("number"):
        observe_numbers(bench)
    if bench.columns("time"):
        observe_times(bench, moment)


def _gather(bench: Bench, as_of: str) -> None:
    """`looked`, of the judged rows and those before them that are not too old; `rows_of`, how many a day has."""
    names = "".join(f", {each.sql} as {bench.column(each)}" for each in bench.looked)
    arrival, moment = bench.arrival, bench.arrival.moment
    parts = [
        ("true", arrival.new, "true"),
        ("false", arrival.seen, f"{moment} >= {as_of} - interval {LOOK_BACK_DAYS} day"),
    ]
    selects = [
        f"select {is_new} as is_new, {moment} as moment{names} from {parquet_relation(files)} where {kept}"
        for is_new, files, kept in parts
        if files
    ]
    bench.run(f"create or replace temp table arrived as {' union all '.join(selects)}")
    bench.run(
        "create or replace temp table looked as with days as (select cast(moment as date) as data_day, "
        f"count(*) >= {_GOOD_PART} * sum(count(*)) over () as is_good_part from arrived where is_new group by 1), "
        "parts as (select data_day, row_number() over (order by data_day)::integer as part from days "
        "where is_good_part) "
        f"select case when is_new then {FIRST_JUDGED} + coalesce(part, (select max(part) from parts), 0) "
        "else cast(moment as date) end as day, "
        "arrived.* from arrived left join parts on is_new and cast(moment as date) = data_day"
    )
    bench.run(
        "create or replace temp table rows_of as "
        f"select day, count(*) as n, {bench.units} as units from looked group by day"
    )


def _count(bench: Bench) -> None:
    keys = {"": "count(*)"}
    keys |= {each.name: f"count(distinct {bench.column(each)})" for each in bench.looked if each.is_key}
    counted = ", ".join(f"{sql} as n{position}" for position, sql in enumerate(keys.values()))
    bench.run(
        f"create or replace temp table counts as select cast(moment as date) as day, {counted} from looked group by 1"
    )
    selects = [
        f"select {bench.table}, {quoted(name)}, day, n{position} from counts" for position, name in enumerate(keys)
    ]
    bench.run(f"insert into counted {' union all '.join(selects)}")
