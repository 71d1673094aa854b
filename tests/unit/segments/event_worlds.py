"""Random customers, random events and random rules about them, and what the rules mean, slowly."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from cdp.declarations.events import EVENTS_MODEL, EventSheet
from cdp.declarations.traits import Kind, Trait, TraitSheet

# Midnight does not exist in São Paulo on this day, comes twice in Havana three weeks later, and clocks fall back.
AS_OFS = (datetime(2017, 10, 15, 12, 30), datetime(2017, 11, 5, 18), datetime(2017, 10, 29, 3), datetime(2017, 11, 1))
ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Asia/Kathmandu", "Pacific/Auckland")
TRAITS = TraitSheet(
    [Trait("orders", Kind.WHOLE), Trait("seen_at", Kind.TIMESTAMP), Trait("time_zone", Kind.TEXT)],
)
COLUMNS = {"occurred_at": Kind.TIMESTAMP, "value_cents": Kind.WHOLE, "channel": Kind.TEXT}
EVENTS = EventSheet(
    dict.fromkeys(("bought", "viewed", "clicked"), "…"),
    {name: Trait(name, kind, EVENTS_MODEL) for name, kind in COLUMNS.items()},
)
TRAITS_ARROW = pa.schema(
    {"customer_id": pa.int64(), "orders": pa.int64(), "seen_at": pa.timestamp("us"), "time_zone": pa.string()}
)
EVENTS_ARROW = pa.schema(
    {
        "customer_id": pa.int64(),
        "event_type": pa.string(),
        "occurred_at": pa.timestamp("us"),
        "value_cents": pa.int64(),
        "channel": pa.string(),
    }
)

names = st.sampled_from(list(EVENTS.names))
# Steps that fall on the boundaries of windows, and a little beside them.
steps = st.tuples(st.integers(-80, 8), st.sampled_from([-1, 0, 0, 0, 1])).map(
    lambda pair: timedelta(hours=pair[0], seconds=pair[1])
)
spans = st.sampled_from(["1 hour", "5 hours", "24 hours", "1 day", "2 days", "1 calendar day", "2 calendar days"])
exact = st.sampled_from(["1 hour", "5 hours", "24 hours", "1 day"])


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    as_of = draw(st.sampled_from(AS_OFS))
    moments = steps.map(lambda step: as_of + step)
    people = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "orders": st.none() | st.integers(0, 3),
                    "seen_at": st.none() | moments,
                    "time_zone": st.sampled_from(ZONES),
                }
            ),
            min_size=1,
            max_size=5,
        )
    )
    events = st.fixed_dictionaries(
        {
            "customer_id": st.none() | st.integers(0, len(people) - 1),
            "event_type": names,
            "occurred_at": moments,
            "value_cents": st.none() | st.integers(-5, 5),
            "channel": st.none() | st.sampled_from(["shop", "pos"]),
        }
    )
    return {"as_of": as_of, "people": people, "events": draw(st.lists(events, max_size=14))}


wheres = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["shop", ["shop", "pos"], {"is_not": "pos"}, {"known": False}]),
        "value_cents": st.integers(-2, 2).map(lambda n: {"at_least": n}),
    },
)


def windows(*, least: int = 0) -> st.SearchStrategy[dict[str, str]]:
    one = [spans.map(lambda span, key=key: {key: span}) for key in ("within_last", "more_than_ago")]
    return st.just({}) | one[0] | one[1] | st.just({"within_last": "2 days", "more_than_ago": "5 hours"})


@st.composite
def did(draw: st.DrawFn) -> dict[str, Any]:
    times = st.sampled_from(
        [{}, {}, {"at_least": 2}, {"at_most": 1}, {"exactly": 1}, {"at_least": 1, "at_most": 2}, {"at_most": 3}]
    )
    leaf = {draw(st.sampled_from(["did", "did_not"])): draw(names), **draw(times)}
    if draw(st.booleans()):
        leaf["where"] = draw(wheres)
    sequel = draw(st.sampled_from([None, None, "then", "then_not"]))
    if sequel is None:
        return leaf | draw(windows())
    follower = draw(names | st.fixed_dictionaries({"did": names, "where": wheres}))
    return leaf | {sequel: follower, "within": draw(exact)} | draw(st.just({}) | st.just({"within_last": "3 days"}))


@st.composite
def others(draw: st.DrawFn) -> dict[str, Any]:
    comparison = st.sampled_from(
        [{"at_least": 1}, {"at_most": 0}, {"between": [-3, 3]}, {"less_than": 2}, {"known": False}, {"is_not": 0}]
    )
    when = windows().filter(bool) | st.just({"known": True}) | st.just({"known": False})
    shape = draw(st.sampled_from(["first", "last", "sum", "avg", "max", "min", "seen", "top", "sample", "orders"]))
    match shape:
        case "first" | "last":
            return {shape: draw(names), "where": draw(wheres), **draw(when)}
        case "seen":
            return {"trait": "seen_at", **draw(when)}
        case "top":
            return {"top": {"count": draw(st.integers(1, 3)), "by": draw(st.sampled_from(["orders", "bought_count"]))}}
        case "sample":
            return {"sample": {"percent": draw(st.sampled_from([12.5, 50, 0.01])), "salt": "spring"}}
        case "orders":
            trait = draw(st.sampled_from(["orders", "bought_count", "view_sum"]))
            # A count is always known: to ask that is refused.
            return {
                "trait": trait,
                **draw(comparison.filter(lambda asked: trait != "bought_count" or "known" not in asked)),
            }
        case _:
            return {shape: "value_cents", "of": draw(names), **draw(windows()), **draw(comparison)}


leaves = did() | others()
rules = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda several: {"all": several})
        | st.lists(inner, min_size=1, max_size=3).map(lambda several: {"any": several})
        | inner.map(lambda one: {"not": one})
    ),
    max_leaves=4,
)
DECLARED: dict[str, dict[str, Any]] = {
    "bought_count": {"count": "bought", "within_last": "2 days"},
    "view_sum": {"sum": "value_cents", "of": "viewed", "expires_after": "1 day"},
}
