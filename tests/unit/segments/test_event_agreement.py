"""Random rules over random timelines: the generated columns, each canonical SQL and a plain evaluator say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import psycopg2
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from sqlglot import exp

from cdp.declarations.computed import EVENT_FACTS_MODEL, RANKS_MODEL, EventFact
from cdp.declarations.declared_traits import read_fact
from cdp.declarations.rule import Rule
from cdp.declarations.rule_reader import RuleReader
from cdp.declarations.segments import Segment
from cdp.declarations.traits import TraitSheet
from cdp.declarations.yaml_source import YamlDocument
from cdp.segments.canonical import canonical_query
from cdp.segments.columns import columns_of
from cdp.segments.event_facts import event_facts_query
from cdp.segments.predicates import LeafSql, combine, customers
from cdp.segments.ranks import ranks_query
from cdp.segments.source import DbtSource
from tests.doubles.macros import Macros
from tests.unit.segments.event_evaluator import Evaluator
from tests.unit.segments.event_worlds import AS_OFS, DECLARED, EVENTS, EVENTS_ARROW, TRAITS, TRAITS_ARROW, rules, worlds

MACROS = Path(__file__).parents[3] / "dbt_project/macros/portable"
Run = Callable[[str], list[tuple[Any, ...]]]
DBT = DbtSource()


def document(content: Any) -> YamlDocument:
    return YamlDocument(Path("rule.yml"), content, {})


FACTS: dict[str, EventFact] = {
    name: replace(read_fact(document({"name": name, **body}), EVENTS), name=name) for name, body in DECLARED.items()
}
SHEET = TraitSheet([*TRAITS.traits.values(), *FACTS.values()])


class Engine:
    """One SQL engine with the tables of a world, and the templates filled in as dbt would for it."""

    def __init__(self, run: Run, dialect: str) -> None:
        self.run, self.dialect = run, dialect

    def load(self, world: dict[str, Any]) -> None:
        people = [{"customer_id": number, **person} for number, person in enumerate(world["people"])]
        self._table("dim_customer_traits", people, TRAITS_ARROW)
        self._table("fct_customer_events", world["events"], EVENTS_ARROW)
        clock = f"(select clock.as_of from (select timestamp '{world['as_of']}' as as_of) as clock)"
        files = [MACROS / "hash_bucket.sql", MACROS / "local_midnight.sql"]
        self._macros = Macros(files, self.run, dialect=self.dialect, as_of=lambda: clock, ref=lambda model: model)

    def _table(self, name: str, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
        types = {"int64": "bigint", "string": "varchar", "timestamp[us]": "timestamp"}
        columns = ", ".join(f"{field.name} {types[str(field.type)]}" for field in schema)
        self.run(f"drop table if exists {name}")
        self.run(f"create table {name} ({columns})")
        if rows:
            tuples = [", ".join(_literal(row[field.name]) for field in schema) for row in rows]
            self.run(f"insert into {name} values {', '.join(f'({each})' for each in tuples)}")

    def ask(self, query: exp.Expr) -> list[tuple[Any, ...]]:
        return self.run(self.text(query))

    def build(self, model: str, query: exp.Expr) -> None:
        self.run(f"drop table if exists {model}")
        self.run(f"create table {model} as {self.text(query)}")

    def text(self, query: exp.Expr) -> str:
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
        template = environment.from_string(query.sql(pretty=True, normalize_functions="lower"))
        return template.render(self._macros.context)


def _literal(value: Any) -> str:
    return "null" if value is None else str(value) if isinstance(value, int) else f"'{value}'"


@pytest.fixture(scope="module")
def duck() -> Iterator[Engine]:
    with duckdb.connect() as connection:
        yield Engine(lambda sql: connection.execute(sql).fetchall(), "duckdb")


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[Engine]:
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True

    def run(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    try:
        run("create schema event_worlds")
        run("set search_path to event_worlds")
        yield Engine(run, "postgres")
    finally:
        connection.close()


def check(engine: Engine, world: dict[str, Any], book: list[dict[str, Any]]) -> None:
    engine.load(world)
    evaluator = Evaluator(world)
    expected = [{who for who in range(len(world["people"])) if evaluator.meets(rule, who)} for rule in book]
    read = [RuleReader(document({"rule": rule}), SHEET, EVENTS).read("rule") for rule in book]
    columns = columns_of(read, FACTS.values())
    engine.build(EVENT_FACTS_MODEL, event_facts_query(columns.facts, DBT))
    engine.build(RANKS_MODEL, ranks_query(columns.ranks, DBT))
    for written, rule, members in zip(book, read, expected, strict=True):
        segment = Segment("s", "…", "crm", Path("s.yml"), rule)
        assert {row[0] for row in engine.ask(canonical_query(segment, {"s": segment}, DBT))} == members, written
        assert {row[0] for row in engine.ask(_over_columns(rule))} == members, written


def _over_columns(rule: Rule) -> exp.Select:
    where = combine(rule, LeafSql({}, DBT))
    query = customers(DBT, beside=[EVENT_FACTS_MODEL, RANKS_MODEL])
    return query.select(exp.column("customer_id", table="traits")).where(where, copy=False)


relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, max_examples=60)


def books() -> Any:
    from hypothesis import strategies as st

    return st.lists(rules, min_size=1, max_size=4)


@given(world=worlds(), book=books())
@relaxed
def test_duckdb_says_what_the_rules_mean(duck: Engine, world: Any, book: Any) -> None:
    check(duck, world, book)


@given(world=worlds(), book=books())
@settings(relaxed, max_examples=25)
def test_postgresql_says_what_the_rules_mean(postgres: Engine, world: Any, book: Any) -> None:
    check(postgres, world, book)


def test_events_of_nobody_take_no_place_among_the_highest(duck: Engine) -> None:
    event = {"event_type": "bought", "occurred_at": AS_OFS[0], "value_cents": None, "channel": None}
    people = [{"orders": None, "seen_at": None, "time_zone": "UTC"}]
    events = [{"customer_id": owner, **event} for owner in (None, None, 0)]
    world = {"as_of": AS_OFS[0], "people": people, "events": events}
    check(duck, world, [{"top": {"count": 1, "by": "bought_count"}}])


@pytest.mark.proof
@given(world=worlds(), book=books())
@settings(relaxed, max_examples=1_000, derandomize=False)
def test_duckdb_says_what_the_rules_mean_at_length(duck: Engine, world: Any, book: Any) -> None:
    check(duck, world, book)


@pytest.mark.proof
@given(world=worlds(), book=books())
@settings(relaxed, max_examples=300, derandomize=False)
def test_postgresql_says_what_the_rules_mean_at_length(postgres: Engine, world: Any, book: Any) -> None:
    check(postgres, world, book)
