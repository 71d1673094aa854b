"""What texts, numbers and moments of a source table are like, day by day."""

from __future__ import annotations

from quality.landing.bench import Bench, Measured

FEW_VALUES = 20
"""A column with no more values than this has categories."""

_SHAPES = {
    "with letters outside ASCII": "regexp_matches(value, '[^\\x00-\\x7F]')",
    "with letters of a mangled encoding": "regexp_matches(value, '[ãâðñрс][\\x{80}-\\x{BF}]|\\x{FFFD}')",
    "with a digit": "regexp_matches(value, '[0-9]')",
    "with a latin letter": "regexp_matches(value, '[a-z]')",
    "with an @": "contains(value, '@')",
    "with a sign that is no letter or digit": "regexp_matches(value, '[^0-9a-z]')",
}


def observe_texts(bench: Bench) -> None:
    """Texts are looked at value by value: whoever writes a thousand lines is still one value."""
    columns = ", ".join(bench.columns("text"))
    shapes = ", ".join(f"count(*) filter ({sql}) as s{position}" for position, sql in enumerate(_SHAPES.values()))
    bench.run(
        "create or replace temp table valued as "
        "select *, min(day) over (partition by what, value) as first_day from (select day, what, value, count(*) as n "
        f"from (select day, {columns} from looked) unpivot (value for what in ({columns})) group by all)"
    )
    bench.run(
        "create or replace temp table texts as select r.day, w.what, max(r.n) as rows, max(r.units) as units, "
        "coalesce(sum(v.n), 0) as filled, count(v.value) as different, max(v.n) as top, "
        "coalesce(sum(v.n) filter (v.first_day < v.day), 0) as known, avg(length(v.value)) as letters, "
        f"{shapes} from rows_of as r cross join (select distinct what from valued) as w "
        "left join valued as v on v.day = r.day and v.what = w.what group by r.day, w.what"
    )
    bench.observe("texts", _of_texts(bench))
    _observe_categories(bench)


def _of_texts(bench: Bench) -> list[Measured]:
    # A free text may say what it likes: what it says is judged where something hangs on it.
    personal = [each for each in bench.looked if each.is_personal]
    telling = [each for each in bench.looked if (each.is_firm or each.is_key) and not each.is_personal]
    firm, persons = f"what in ({bench.listed(telling)})", f"what in ({bench.listed(personal)})"
    keys = f"what in ({bench.listed([each for each in bench.looked if each.is_key])})"
    units, known = "units * filled / rows", "known / filled"
    return [
        Measured("filled", "filled", "filled / rows", "units"),
        Measured("repeats", "different values", "different / filled", units),
        Measured("repeats", "most frequent value", "top / filled", units, where=f"({keys} or {persons})"),
        Measured("known", "known values", known, units, where=firm),
        Measured("strangers", "known values", known, f"least(different, {units})", where=persons),
        Measured("texts", "mean length", "letters", "different", scale="log", where=f"not {keys}"),
        Measured("ids", "mean length", "letters", "different", scale="log", where=keys),
        *(Measured("texts", shape, f"s{position} / different", "different") for position, shape in enumerate(_SHAPES)),
    ]


def _observe_categories(bench: Bench) -> None:
    # What a description does not list may always get new values, such as campaigns: how many are new is judged.
    telling = [each for each in bench.looked if each.known_values]
    bench.run(
        "create or replace temp table categories as with few as (select what from valued "
        f"where what in ({bench.listed(telling)}) group by what having count(distinct value) <= {FEW_VALUES}), "
        "named as (select distinct what, value from valued where what in (select what from few)) "
        "select t.day, c.what || '|' || c.value as what, t.filled, t.units, t.rows, coalesce(v.n, 0) as n "
        "from texts as t inner join named as c using (what) "
        "left join valued as v on v.day = t.day and v.what = c.what and v.value = c.value"
    )
    bench.observe("categories", [Measured("values", "share", "n / filled", "units * filled / rows")])


def observe_numbers(bench: Bench) -> None:
    """Numbers by their size, whatever their sign; how many are negative, none or broken is a share."""
    columns = bench.columns("number")
    given = ", ".join(f"cast({column} as double) as {column}" for column in columns)
    bench.run(
        "create or replace temp table numbers as select v.day, v.what, r.n as rows, r.units, count(v.value) as filled, "
        "least(r.units, count(nullif(v.value, 0))) as sized, median(abs(nullif(v.value, 0))) as middle, "
        "quantile_cont(abs(nullif(v.value, 0)), 0.9) as high, count(*) filter (v.value < 0) as negative, "
        "count(*) filter (v.value = 0) as zero, count(*) filter (v.value <> floor(v.value)) as broken "
        f"from (select day, {given} from looked) unpivot include nulls (value for what in ({', '.join(columns)})) as v "
        "inner join rows_of as r on r.day = v.day group by v.day, v.what, r.n, r.units"
    )
    units = "least(filled, units)"
    bench.observe(
        "numbers",
        [
            Measured("filled", "filled", "filled / rows", "units"),
            Measured("numbers", "median", "middle", "sized", scale="log"),
            Measured("numbers", "nine in ten are below", "high", "sized / 5", scale="log"),
            Measured("numbers", "negative", "negative / filled", units),
            Measured("numbers", "zero", "zero / filled", units),
            Measured("numbers", "with a fraction", "broken / filled", units),
        ],
    )


def observe_times(bench: Bench, as_of: str) -> None:
    """Moments: how many are still to come, at what time of the day, and how far from the time of their row."""
    columns = ", ".join(bench.columns("time"))
    quarters = ", ".join(f"count(*) filter (hour(value) // 6 = {quarter}) as q{quarter}" for quarter in range(4))
    bench.run(
        "create or replace temp table times as select v.day, v.what, r.n as rows, r.units, count(v.value) as filled, "
        f"count(*) filter (v.value > {as_of}) as ahead, count(distinct v.value) as different, "
        "count(*) filter (v.value = date_trunc('day', v.value)) as midnight, "
        f"median(abs(epoch(v.value) - epoch(v.moment)) / 3600) as apart, {quarters} "
        f"from (select day, moment, {columns} from looked) unpivot include nulls (value for what in ({columns})) as v "
        "inner join rows_of as r on r.day = v.day group by v.day, v.what, r.n, r.units"
    )
    units = "least(filled, units)"
    bench.observe(
        "times",
        [
            Measured("filled", "filled", "filled / rows", "units"),
            Measured("times", "in the future", "ahead / filled", units),
            Measured("times", "different moments", "different / filled", units),
            Measured("times", "at midnight", "midnight / filled", units),
            Measured("times", "hours from the row's own time", "apart", f"{units} / 10", scale="log"),
            *(
                Measured(
                    "times", f"from {6 * quarter} to {6 * quarter + 6} o'clock", f"q{quarter} / filled", f"{units} / 4"
                )
                for quarter in range(4)
            ),
        ],
    )
