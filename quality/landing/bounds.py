"""Bounds from history, in SQL: the median of what used to be, widened by how much it used to move and by few rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

import duckdb
import pyarrow as pa

from quality.landing.bench import FIRST_JUDGED
from quality.thresholds import LandingThresholds

_MANY = 1000
"""So many rows say something even of a table that has come only once before."""

_TIMES_AS_MANY = 20
"""What a history has of what is judged, to be compared with as a whole where it has too few parts."""

_FEWEST = 3
"""Fewer rows are chance, however few are usual."""

_LEAST = 0.01
"""Added before a logarithm: a median of nothing is a number, too."""

_JUDGED = f"""
with firsts as (select source_table, min(day) as day from observed group by source_table),
judged as (select * from observed where day >= {FIRST_JUDGED} and n >= ?),
history as (
    select
        j.source_table, j.kind, j.what, j.measure, j.scale, j.day as judged_day, j.value as judged_value,
        j.n as judged_n, o.value, o.n,
        floor(sum(o.n) over (
            partition by j.source_table, j.kind, j.what, j.measure, j.day order by o.day
        ) / greatest(30, least(0.7 * j.n, sum(o.n) over (
            partition by j.source_table, j.kind, j.what, j.measure, j.day
        ) / 10))) as block,
        avg(o.n) over (partition by j.source_table, j.kind, j.what, j.measure, j.day) as usual_n
    from judged as j
    inner join observed as o
        on j.source_table = o.source_table and j.kind = o.kind and j.what = o.what and j.measure = o.measure
    left join restarts as r on r."check" = j.source_table || '.' || j.kind
    inner join firsts as f on f.source_table = j.source_table
    -- In the first days of a table nothing is known yet.
    where o.day >= f.day + case when j.kind in ('known', 'strangers', 'links') then 14 else 0 end
        and o.day < {FIRST_JUDGED} and o.day >= ? and o.value is not null and o.n > 0 and o.day >= coalesce(r.day,
            o.day)
),
blocks as (
    select
        source_table, kind, what, measure, scale, judged_day, judged_value, judged_n, block,
            sum(value * n) / sum(n) as value, sum(n) as n
    from history
    -- Few rows tell something where few are usual: a holiday among thousands is like no other day.
    where judged_n >= least(?, usual_n / 3)
    group by all
    having sum(n) >= ?
),
scaled as (
    select
        *,
        case scale when 'log' then ln(value + {_LEAST}) else value end as x,
        case scale when 'log' then ln(judged_value + {_LEAST}) else judged_value end as y
    from blocks
),
usual as (
    select
        source_table, kind, what, measure, scale, judged_day, judged_value, judged_n, y, count(*) as observations,
            median(x) as middle,
        mad(x) * 1.4826 as spread, min(x) as least, max(x) as most, min(n) as least_n, max(n) as most_n, sum(n) as total
    from scaled
    group by all
    having count(*) >= ? or sum(n) >= least({_MANY}, {_TIMES_AS_MANY} * judged_n)
),
noisy as (
    select
        *,
        case scale
            when 'log' then case when kind in ('texts', 'ids') then 0.15 else 1 end / sqrt(judged_n)
            else sqrt(greatest(middle * (1 - middle), 1.0 / total, 0) / judged_n)
        end as noise
    from usual
),
reaching as (
    select
        n.*,
        greatest(l.spread * n.spread, 4.5 * noise, case scale when 'log' then ln(l.ratio) else l.share end)
        + case scale when 'log' then noise else 2.5 / judged_n end as reach,
        0.3 * (most - least) + noise + case scale when 'log' then 0 else 1 / judged_n end as slack
    from noisy as n
    inner join limits as l on l.source_table = n.source_table and l.kind = n.kind
    -- More rows than ever repeat their values more than ever; fewer, less.
    where (measure <> 'different values' or judged_n between least_n / 1.5 and most_n * 1.5)
        -- What does not usually depend on a key tells nothing by depending on it.
        and (measure <> 'in one' or middle >= 0.9)
),
bounded as (
    select *, least(middle - reach, least - slack) as low, greatest(middle + reach, most + slack) as high from reaching
)
select
    source_table, kind, what, measure, scale, judged_n as n, judged_value as value, observations,
    case scale when 'log' then exp(middle) - {_LEAST} else middle end as median,
    case scale when 'log' then greatest(exp(low) - {_LEAST}, 0) else greatest(low, 0) end as low,
    case scale when 'log' then exp(high) - {_LEAST} else least(high, 1) end as high,
    case when y < middle then (middle - y) / (middle - low) else (y - middle) / (high - middle) end as deviation
from bounded
"""


def judge_contents(
    connection: duckdb.DuckDBPyConnection,
    thresholds: LandingThresholds,
    as_of: datetime,
    restarts: Mapping[str, date],
) -> list[dict[str, object]]:
    """Every measure of the judged rows beside its history; a `deviation` above 1 is out of bounds."""
    register_limits(connection, thresholds)
    register_restarts(connection, restarts)
    since = as_of.date() - timedelta(thresholds.history_days)
    least = thresholds.least_rows
    return rows(connection, _JUDGED, [_FEWEST, since, least, _FEWEST, thresholds.least_observations])


def register_limits(connection: duckdb.DuckDBPyConnection, thresholds: LandingThresholds) -> None:
    """`limits`: how far each check of each table may always go."""
    tables = [table for (table,) in connection.execute("select distinct source_table from counted").fetchall()]
    limits = [
        {"source_table": table, "kind": check, **thresholds.tolerance(table, check).model_dump()}
        for table in tables
        for check in thresholds.checks
        if check not in thresholds.of(table).off
    ]
    empty = pa.schema(
        [
            ("source_table", pa.string()),
            ("kind", pa.string()),
            ("share", pa.float64()),
            ("ratio", pa.float64()),
            ("spread", pa.float64()),
        ]
    )
    connection.register("limits", pa.Table.from_pylist(limits, schema=empty))


def register_restarts(connection: duckdb.DuckDBPyConnection, restarts: Mapping[str, date]) -> None:
    """`restarts`: from which day on the history of a check counts, since somebody said that this is how it is now."""
    schema = pa.schema([("check", pa.string()), ("day", pa.date32())])
    found = [{"check": check, "day": day} for check, day in restarts.items()]
    connection.register("restarts", pa.Table.from_pylist(found, schema=schema))


def rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Iterable[object]) -> list[dict[str, object]]:
    """What a statement gives, by name."""
    found = connection.execute(sql, list(parameters))
    names = [name for name, *_ in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
