"""Random rules over random customers: the fused masks, each canonical SQL and a plain evaluator say the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlglot.generator import Generator

from cdp.declarations.references import check_references
from cdp.declarations.rule_reader import RuleReader
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import Kind, Trait, TraitSheet
from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import DeclarationError
from cdp.segments.canonical import canonical_query
from cdp.segments.definitions import segment_definitions, segment_members
from cdp.segments.masks import masks_query
from cdp.segments.source import DbtSource

AS_OF = datetime(2017, 11, 1, 6, 30)
SHEET = TraitSheet(
    [
        Trait("orders", Kind.WHOLE),
        Trait("share", Kind.NUMBER),
        Trait("order", Kind.TEXT),  # a reserved word is a name like any other
        Trait("is_online", Kind.YES_NO),
        Trait("seen_at", Kind.TIMESTAMP),
        Trait("born_on", Kind.DATE),
    ]
)
ARROW = pa.schema(
    {
        "customer_id": pa.int64(),
        "orders": pa.int64(),
        "share": pa.float64(),
        "order": pa.string(),
        "is_online": pa.bool_(),
        "seen_at": pa.timestamp("us"),
        "born_on": pa.date32(),
    }
)
HOSTILE = [
    "'); drop table dim_customer_traits; --",
    "{{ ref('elsewhere') }}",
    "{{{{ 7 * 7 }}",
    "{% raw %}{% endraw %}{# gone #}",
    f"a\n  b{Generator().SENTINEL_LINE_BREAK}c",
    '"quoted" \\ $1 ? %s :name',
    "/* open",
    "Ёлка 🎄 \u202e",
    "",
    "x" * 9_000,
]

texts = st.sampled_from([*HOSTILE, "a", "A"]) | st.text(
    st.characters(exclude_characters="\0", codec="utf-8"), max_size=8
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "orders": st.integers(-3, 3) | st.sampled_from([2**63 - 1, -(2**63)]),
    "share": st.integers(-4, 4).map(lambda n: n / 10) | st.sampled_from([1e300, 1e-7, 123456.789]),
    "order": texts,
    "is_online": st.booleans(),
    "seen_at": st.integers(-72, 24).map(lambda hours: AS_OF + timedelta(hours=hours)),
    "born_on": st.integers(-3, 1).map(lambda days: AS_OF.date() + timedelta(days=days)),
}
EQUALITY, ORDER = ["is", "is_not"], ["at_least", "at_most", "more_than", "less_than"]


def written(value: Any) -> Any:
    """A value as YAML has it."""
    return value.isoformat() if isinstance(value, date) else value


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    trait = draw(st.sampled_from(list(VALUES)))
    values = VALUES[trait]
    operators = {
        **dict.fromkeys(EQUALITY, values.map(written)),
        **dict.fromkeys(["in", "not_in"], st.lists(values.map(written), min_size=1, max_size=3)),
        "known": st.booleans(),
    }
    if trait not in ("order", "is_online"):
        operators |= dict.fromkeys(ORDER, values.map(written))
        operators["between"] = st.tuples(values, values).map(lambda pair: [written(value) for value in sorted(pair)])
    if trait in ("seen_at", "born_on"):
        units = ["day"] if trait == "born_on" else ["day", "hours"]
        lengths = st.tuples(st.integers(1, 3), st.sampled_from(units)).map(lambda pair: f"{pair[0]} {pair[1]}")
        operators |= dict.fromkeys(["within_last", "more_than_ago"], lengths)
    first = draw(st.sampled_from(list(operators)))
    asked = {first: draw(operators[first])}
    if first != "known" and draw(st.booleans()):
        asked["is_not"] = draw(operators["is_not"])
    assume(is_accepted({"trait": trait, **asked}))
    return {"trait": trait, **asked}


def is_accepted(rule: dict[str, Any]) -> bool:
    """Comparisons that exclude each other are refused."""
    try:
        RuleReader(_document(rule), SHEET).read("rule")
    except DeclarationError:
        return False
    return True


def rules(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    leaves = conditions() | st.sampled_from(["listed", *names]).map(lambda name: {"segment": name})
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3).map(lambda several: {"all": several})
            | st.lists(inner, min_size=1, max_size=3).map(lambda several: {"any": several})
            | inner.map(lambda one: {"not": one})
        ),
        max_leaves=6,
    )


@st.composite
def rule_books(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Segments by name; each may refer to those before it."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 5)))]
    return {name: draw(rules(names[:position])) for position, name in enumerate(names)}


customers = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}), min_size=1, max_size=12
)


class Evaluator:
    """What a rule means, slowly: YAML and one customer in, true or false out."""

    def __init__(self, book: dict[str, dict[str, Any]], customer: dict[str, Any], *, listed: bool) -> None:
        self.book, self.customer, self.listed = book, customer, listed

    def meets(self, rule: dict[str, Any]) -> bool:
        match rule:
            case {"all": several}:
                return all(self.meets(each) for each in several)
            case {"any": several}:
                return any(self.meets(each) for each in several)
            case {"not": one}:
                return not self.meets(one)
            case {"segment": name}:
                return self.listed if name == "listed" else self.meets(self.book[name])
            case {"trait": trait, **operators}:
                return all(self.holds(self.customer[trait], *pair) for pair in operators.items())
        raise AssertionError(rule)

    def holds(self, value: Any, operator: str, operand: Any) -> bool:
        if operator == "known":
            return (value is not None) is operand
        if value is None:
            return False
        if operator in ("within_last", "more_than_ago"):
            moment = value if isinstance(value, datetime) else datetime.combine(value, datetime.min.time())
            count, unit = operand.split()
            start = AS_OF - int(count) * timedelta(**{"days" if unit.startswith("day") else "hours": 1})
            return start <= moment <= AS_OF if operator == "within_last" else moment < start
        given = [written_as(value, each) for each in (operand if isinstance(operand, list) else [operand])]
        return compares(value, operator, given)


def compares(value: Any, operator: str, given: list[Any]) -> bool:
    match operator:
        case "is" | "in":
            return value in given
        case "is_not" | "not_in":
            return value not in given
        case "at_least":
            return bool(value >= given[0])
        case "at_most":
            return bool(value <= given[0])
        case "more_than":
            return bool(value > given[0])
        case "less_than":
            return bool(value < given[0])
        case "between":
            return bool(given[0] <= value <= given[1])
    raise AssertionError(operator)


def written_as(value: Any, operand: Any) -> Any:
    return type(value).fromisoformat(operand) if isinstance(value, date) else operand


def segments_of(book: dict[str, dict[str, Any]]) -> dict[str, Segment]:
    listed = Segment("listed", "…", "crm", Path("listed.yml"), ModelReference("seg_listed"))
    read = {
        name: Segment(name, "…", "crm", Path(f"{name}.yml"), RuleReader(_document(rule), SHEET).read("rule"))
        for name, rule in book.items()
    }
    return {"listed": listed, **read}


def _document(rule: dict[str, Any]) -> YamlDocument:
    return YamlDocument(Path("rule.yml"), {"rule": rule}, {})


def as_dbt_would(sql: str) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.from_string(sql).render(ref=lambda model: f'"{model}"', as_of=lambda: f"timestamp '{AS_OF}'")


def query_text(query: Any) -> str:
    return as_dbt_would(query.sql(pretty=True, normalize_functions="lower"))


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def load(engine: duckdb.DuckDBPyConnection, people: list[dict[str, Any]]) -> None:
    numbered = [{"customer_id": number, **person} for number, person in enumerate(people)]
    engine.register("people", pa.Table.from_pylist(numbered, schema=ARROW))
    engine.execute("create or replace table dim_customer_traits as from people")
    engine.execute(
        "create or replace table seg_listed as select customer_id from dim_customer_traits where customer_id % 2 = 0"
        " union all select null"
    )


def check(engine: duckdb.DuckDBPyConnection, book: dict[str, dict[str, Any]], people: list[dict[str, Any]]) -> None:
    load(engine, people)
    segments, dbt = segments_of(book), DbtSource()
    rules_only = {
        name: each.definition for name, each in segments.items() if not isinstance(each.definition, ModelReference)
    }
    assert not check_references(rules_only, {name: each.file for name, each in segments.items()})
    expected = {
        name: {
            number
            for number, person in enumerate(people)
            if Evaluator(book, person, listed=number % 2 == 0).meets(rule)
        }
        for name, rule in book.items()
    }
    expected["listed"] = set(range(0, len(people), 2))
    for name in book:
        alone = engine.execute(query_text(canonical_query(segments[name], segments, dbt))).fetchall()
        assert {row[0] for row in alone} == expected[name]
    for model, query in {
        "int_segments__masks": masks_query(segments, dbt),
        "int_segments__definitions": segment_definitions(segments),
    }.items():
        engine.execute(f"create or replace table {model} as {query_text(query)}")
    fused = engine.execute(query_text(segment_members(segments, dbt))).fetchall()
    assert sorted(fused) == sorted((name, number) for name, members in expected.items() for number in members)


@given(book=rule_books(), people=customers)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_three_ways_to_answer_agree(engine: duckdb.DuckDBPyConnection, book: Any, people: Any) -> None:
    check(engine, book, people)


@pytest.mark.proof
@given(book=rule_books(), people=customers)
@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
def test_three_ways_to_answer_agree_at_length(engine: duckdb.DuckDBPyConnection, book: Any, people: Any) -> None:
    check(engine, book, people)


@pytest.mark.parametrize(
    ("condition", "members"),
    [
        ({"within_last": "1 day"}, {1, 2}),
        ({"within_last": "24 hours"}, {1, 2}),
        ({"more_than_ago": "1 day"}, {0}),
        ({"within_last": "2 days", "more_than_ago": "1 day"}, {0}),
        ({"at_least": AS_OF.isoformat()}, {2, 3}),
        ({"known": False}, {4}),
    ],
)
def test_a_window_has_its_start_and_its_end(
    engine: duckdb.DuckDBPyConnection, condition: dict[str, Any], members: set[int]
) -> None:
    second, day = timedelta(seconds=1), timedelta(days=1)
    moments = [AS_OF - day - second, AS_OF - day, AS_OF, AS_OF + second, None]
    check(
        engine, {"s0": {"trait": "seen_at", **condition}}, [dict.fromkeys(VALUES) | {"seen_at": at} for at in moments]
    )
    alone = engine.execute("select customer_id from int_segments__masks where word_0 & 2 <> 0").fetchall()
    assert {row[0] for row in alone} == members


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_ever_a_value(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    nobody = dict.fromkeys(VALUES)
    people = [nobody | {"order": text}, nobody | {"order": f"{text}."}, nobody]
    check(engine, {"s0": {"trait": "order", "is": text}, "s1": {"not": {"trait": "order", "in": [text]}}}, people)
    assert engine.execute("select count(*) from dim_customer_traits").fetchall() == [(3,)]


def test_more_segments_than_a_word_holds(engine: duckdb.DuckDBPyConnection) -> None:
    book = {f"s{number:03}": {"trait": "orders", "more_than": number - 70} for number in range(140)}
    people = [dict.fromkeys(VALUES) | {"orders": orders} for orders in (-70, -1, 0, 69, None)]
    check(engine, book, people)
    words = engine.execute("select * from int_segments__masks where customer_id = 3").fetchall()[0]
    assert words == (3, 2**62 - 2, 2**62 - 1, 2**16 - 1)


def test_a_mask_model_without_segments_still_has_a_word(engine: duckdb.DuckDBPyConnection) -> None:
    load(engine, [dict.fromkeys(VALUES)])
    assert engine.execute(query_text(masks_query({}, DbtSource()))).fetchall() == [(0, 0)]
    assert engine.execute(query_text(segment_members({}, DbtSource()))).fetchall() == []
    assert engine.execute(query_text(segment_definitions({}))).fetchall() == []
