"""What belongs together in a source table: a column that slipped by a row is filled and well formed, but shows here."""

from __future__ import annotations

from itertools import product

from cdp.landing.lake import quoted
from quality.landing.bench import Bench, Measured
from quality.landing.looking import Looked


def observe_links(bench: Bench) -> None:
    """Whether a key still has what it had before, and whether rows of one key agree."""
    texts = [each for each in bench.looked if each.kind == "text" and not each.is_number]
    personal = [each for each in texts if each.is_personal]
    keys = [each for each in texts if each.is_key or each.is_personal]
    pairs = [(key, fact) for key, fact in product(keys, personal) if key is not fact]
    selects = [_before(bench, key, fact) for key, fact in pairs]
    others = {key.name: [each for each in keys if each is not key] for key in bench.keys if not key.is_number}
    selects += [_within(bench, key, others[key.name]) for key in bench.keys if others.get(key.name)]
    if selects:
        bench.run(f"create or replace temp table links as {' union all '.join(selects)}")
        bench.observe("links", [_measured("as before"), _measured("in one")])


def _measured(name: str) -> Measured:
    return Measured("links", name, "same / n", "n", where=f"n > 0 and measure = {quoted(name)}")


def _before(bench: Bench, key: Looked, fact: Looked) -> str:
    """Of values of a key that had come before, how many come with what they came with before."""
    a, b = bench.column(key), bench.column(fact)
    return (
        f"select day, {quoted(f'{a}|{b}')} as what, 'as before' as measure, count(*) filter (b_day < day) as same, "
        "count(*) filter (a_day < day) as n from (select day, min(day) over (partition by a) as a_day, "
        f"min(day) over (partition by a, b) as b_day from (select distinct day, {a} as a, {b} as b from looked "
        f"where {a} is not null and {b} is not null)) group by day"
    )


def _within(bench: Bench, key: Looked, others: list[Looked]) -> str:
    """Of keys with several rows on a day, how many have rows that say the same: an order has one customer."""
    k, columns = bench.column(key), [bench.column(each) for each in others]
    agree = ", ".join(
        f"min({column}) is not distinct from max({column}) and count({column}) in (0, count(*)) as {column}"
        for column in columns
    )
    counted = ", ".join(f"count(*) filter ({column}) as {column}" for column in columns)
    return (
        f"select day, {quoted(f'{k}|')} || what as what, 'in one' as measure, same, n from (unpivot ("
        f"select day, count(*) as n, {counted} from (select day, {agree} from looked where {k} is not null "
        f"group by day, {k} having count(*) > 1) group by day) on {', '.join(columns)} into name what value same)"
    )
