"""How much has come: each day beside the days before it, and beside what came from elsewhere on the same day.

A holiday empties every till and every shop at once, so a day that is unlike the others is no fault where another source
moved the same way. A loss in one source shows in its ratio to what it is related to: orders, and the orders that the
site saw completed. Which counts are related is not declared: it is those whose ratio has hardly ever moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import duckdb

from quality.landing.bounds import rows
from quality.thresholds import LandingThresholds

BUSY = 20
"""Fewer rows or keys a day than this say nothing of a day."""

RELATED_SPREAD, RELATIONS_PER_TABLE = 0.15, 5
_LEAST_DAYS = 14

_DAYS = f"""
create or replace temp table volumes as
with calendar as (select unnest(generate_series(cast(? as date), cast(? as date), interval 1 day)) as day),
things as (
    select source_table, what, min(day) as since from counted where day < ?
        group by all having count(*) >= {_LEAST_DAYS}
)
select t.source_table, split_part(t.source_table, '.', 1) as source, t.what, cast(c.day as date) as day,
    coalesce(n.n, 0) as n,
    ln(coalesce(n.n, 0) + 0.5) as x
from things as t
inner join calendar as c on c.day >= t.since
left join counted as n on n.source_table = t.source_table and n.what = t.what and n.day = c.day
"""

_ALONE = f"""
with usual as (
    select j.source_table, j.source, j.day, j.n, j.x, count(*) as observations, median(h.n) as median_n,
        median(h.x) as middle,
        mad(h.x) * 1.4826 as spread, min(h.x) as least, max(h.x) as most
    from volumes as j
    inner join volumes as h on h.source_table = j.source_table and h.what = j.what
    left join restarts as r on r."check" = j.source_table || '.volume'
    where j.what = '' and j.day >= ? and h.day < j.day and h.day >= j.day - cast(? as integer)
        and h.day >= coalesce(r.day, h.day)
    group by all
    having count(*) >= {_LEAST_DAYS} and median(h.n) >= {BUSY}
),
reaching as (
    select *, greatest(l.spread * u.spread, ln(l.ratio)) + 3 / sqrt(greatest(n, 1)) as reach,
        0.15 * (most - least) as slack
    from usual as u
    inner join limits as l on l.source_table = u.source_table and l.kind = 'volume'
),
bounded as (
    select *, x - middle as moved, least(middle - reach, least - slack) as low, greatest(middle + reach,
        most + slack) as high
    from reaching
)
select
    b.source_table, 'volume' as kind, '' as what, 'rows of ' || b.day as measure, 'count' as scale, b.n, b.n as value,
    b.observations, b.median_n as median, exp(b.low) as low, exp(b.high) as high,
    case
        when exists (
            select 1 from usual as o
            where o.day = b.day and o.source <> b.source and o.n > 0 and abs(o.x - o.middle) >= 0.35 * abs(b.moved)
                and sign(o.x - o.middle) = sign(b.moved)
        ) then 0
        when b.x < b.middle then (b.middle - b.x) / (b.middle - b.low)
        else (b.x - b.middle) / (b.high - b.middle)
    end as deviation
from bounded as b
"""

_BESIDE = f"""
with pairs as (
    select a.source_table, a.what, b.source_table as other_table, b.what as other, a.day, a.n, b.n as other_n,
        a.x - b.x as x
    from volumes as a
    inner join volumes as b on b.day = a.day and (a.source_table, a.what) <> (b.source_table, b.what)
),
usual as (
    select j.source_table, j.what, j.other_table, j.other, j.day, j.n, j.other_n, j.x, count(*) as observations,
        median(h.x) as middle, mad(h.x) * 1.4826 as spread, min(h.x) as least, max(h.x) as most
    from pairs as j
    inner join pairs as h
        on h.source_table = j.source_table and h.what = j.what and h.other_table = j.other_table and h.other = j.other
    left join restarts as r on r."check" = j.source_table || '.relations'
    where j.day >= ? and h.day < j.day and h.day >= j.day - cast(? as integer) and j.n >= {BUSY} and j.other_n >= {BUSY}
        and h.n > 0 and h.other_n > 0 and h.day >= coalesce(r.day, h.day)
    group by all
    having count(*) >= {_LEAST_DAYS} and median(h.n) >= {BUSY} and median(h.other_n) >= {BUSY}
        and mad(h.x) * 1.4826 <= {RELATED_SPREAD}
),
tightest as (
    select *, row_number() over (partition by source_table, day order by spread, what, other_table, other)
        as place from usual
),
reaching as (
    select *, greatest(l.spread * u.spread, ln(l.ratio)) + 2.5 * sqrt(1 / n + 1 / other_n) as reach,
        0.25 * (most - least) + sqrt(1 / n + 1 / other_n) as slack
    from tightest as u
    inner join limits as l on l.source_table = u.source_table and l.kind = 'relations'
    where place <= {RELATIONS_PER_TABLE}
),
bounded as (
    select *, least(middle - reach, least - slack) as low, greatest(middle + reach, most + slack) as high from reaching
)
select
    source_table, 'relations' as kind, what, 'to ' || other_table || case other when '' then '' else ' ' || other end
    || ' on ' || day as measure, 'ratio' as scale, n, exp(x) as value, observations, exp(middle) as median,
        exp(low) as low,
    exp(high) as high,
        case when x < middle then (middle - x) / (middle - low) else (x - middle) / (high - middle) end as deviation
from bounded
"""

_SILENT = f"""
with days as (select source_table, day, n from volumes where what = '' and n > 0),
gaps as (select source_table, day, day - lag(day) over (partition by source_table order by day) as gap from days),
usual as (select source_table, max(gap) as longest, count(*) as active from gaps where day < ? group by source_table),
last as (select source_table, max(day) as day from days group by source_table)
select
    u.source_table, 'volume' as kind, '' as what, 'days without a row' as measure, 'count' as scale, 0 as n,
    cast(? as date) - l.day as value, u.active as observations, u.longest as median, 0 as low, 2 * u.longest + 1
        as high,
    (cast(? as date) - l.day) / (2 * u.longest + 1.0) as deviation
from usual as u
inner join last as l on l.source_table = u.source_table
inner join limits as m on m.source_table = u.source_table and m.kind = 'volume'
where u.active >= {BUSY}
"""


def judge_volume(
    connection: duckdb.DuckDBPyConnection, thresholds: LandingThresholds, days: Sequence[date]
) -> list[dict[str, object]]:
    """Every judged day of every table; `restarts` and `limits` are there. No day has ended since: nothing to judge."""
    if not days:
        return []
    first, last = min(days), max(days)
    connection.execute(_DAYS, [first - timedelta(thresholds.history_days + 1), last, first])
    compared = [first, thresholds.history_days]
    return [
        *rows(connection, _ALONE, compared),
        *rows(connection, _BESIDE, compared),
        *rows(connection, _SILENT, [first, last, last]),
    ]
