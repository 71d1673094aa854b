"""Memberships through random histories: what the model keeps is what a plain count of comings and goings gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import duckdb
import jinja2
import pytest

from cdp.segments.masks import bits
from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.macros import Macros, Relation, Rows

DBT = REPOSITORY / "dbt_project"
MODEL = DBT / "models/marts/segments/fct_segment_memberships.sql"
FIRST = datetime(2024, 1, 1)
COLUMNS = ("segment_name", "customer_id", "entered_at", "entered_reason", "left_at", "left_reason")
Run = Callable[[str], Rows]


@dataclass
class World:
    """One day: who is in which segment, and what happened since the day before."""

    day: int = 0
    segments: dict[str, set[int]] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    formerly: dict[str, str] = field(default_factory=dict)
    customers: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, str]] = field(default_factory=list)
    supplied: set[int] = field(default_factory=set)

    @property
    def as_of(self) -> datetime:
        return FIRST + timedelta(days=self.day)

    def long(self) -> set[tuple[str, int]]:
        return {(name, customer) for name, members in self.segments.items() for customer in members}


class Warehouse:
    """The tables around the model, and the model itself, run as dbt runs it."""

    def __init__(self, run: Run, dialect: str) -> None:
        self._run, self._tables = run, set[str]()
        macros = Macros(
            [DBT / "macros/segments/mask_changes.sql"],
            run,
            dialect=dialect,
            ref=lambda name: name,
            source=lambda schema, name: f"{schema}_{name}",
            this=Relation("fct_segment_memberships"),
            config=lambda **_: "",
            is_new=lambda: "_arrival > (select last_arrival from control_clock)",
            is_incremental=lambda: "fct_segment_memberships" in self._tables,
        )
        macros.context["adapter"]["get_relation"] = lambda identifier, **_: self._find(identifier)
        macros.context["this"] = _This()
        self._context = macros.context

    def _find(self, identifier: str) -> str | None:
        return identifier if identifier in self._tables else None

    def table(self, name: str, columns: dict[str, str], rows: list[tuple[Any, ...]]) -> None:
        typed = ", ".join(f"cast(null as {type_}) as {column}" for column, type_ in columns.items())
        self._run(f"drop table if exists {name}")
        self._run(f"create table {name} as select * from (select {typed}) as empty where 1 = 0")
        if rows:
            self._run(f"insert into {name} values " + ", ".join(f"({', '.join(map(_literal, row))})" for row in rows))

    def build(self) -> None:
        environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
        sql = environment.from_string(MODEL.read_text()).render(self._context)
        self._run("drop table if exists arrived")
        self._run(f"create table arrived as {sql}")
        if "fct_segment_memberships" in self._tables:
            self._run("delete from fct_segment_memberships where membership_id in (select membership_id from arrived)")
            self._run("insert into fct_segment_memberships select * from arrived")
        else:
            self._run("create table fct_segment_memberships as select * from arrived")
        for what in ("masks", "definitions"):
            self._run(f"drop table if exists int_segments__settled_{what}")
            self._run(f"create table int_segments__settled_{what} as select * from int_segments__{what}")
            self._tables |= {f"int_segments__settled_{what}", "fct_segment_memberships"}

    def memberships(self) -> list[tuple[Any, ...]]:
        return sorted(self._run(f"select {', '.join(COLUMNS)} from fct_segment_memberships"), key=repr)


class _This:
    database = schema = ""

    def __str__(self) -> str:
        return "fct_segment_memberships"


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        return f"timestamp '{value}'"
    return "null" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def settle(warehouse: Warehouse, world: World) -> None:
    """Write the world down and build the model."""
    places = bits.assign_bits(world.segments)
    words = range(1 + max((bit.word for bit in places), default=0))
    warehouse.table(
        "int_segments__definitions",
        {"segment_name": "varchar", "word": "bigint", "bit": "bigint", "bit_value": "bigint", "fingerprint": "varchar"},
        [(bit.segment, bit.word, bit.position, bit.value, world.rules[bit.segment]) for bit in places],
    )
    masks = [
        (
            customer,
            *(
                sum(b.value for b in places if b.word == word and customer in world.segments[b.segment])
                for word in words
            ),
        )
        for customer in sorted(world.customers)
    ]
    warehouse.table(
        "int_segments__masks", {"customer_id": "bigint"} | {f"word_{word}": "bigint" for word in words}, masks
    )
    warehouse.table("segment_members", {"segment_name": "varchar", "customer_id": "bigint"}, sorted(world.long()))
    warehouse.table(
        "int_segments__former_names",
        {"former_name": "varchar", "segment_name": "varchar"},
        [(former, name) for name, former in world.formerly.items()],
    )
    warehouse.table(
        "int_identity__merges",
        {"old_customer_id": "bigint", "new_customer_id": "bigint", "kind": "varchar", "generation": "bigint"},
        [(old, new, kind, world.day) for old, new, kind in world.merges],
    )
    arrived = [(customer, world.day) for customer in sorted(world.supplied)]
    warehouse.table("fct_customer_events", {"customer_id": "bigint", "_arrival": "bigint"}, arrived[::2])
    warehouse.table("int_profiles__attribute_values", {"customer_id": "bigint", "_arrival": "bigint"}, arrived[1::2])
    warehouse.table(
        "control_clock",
        {"as_of": "timestamp", "generation": "bigint", "last_arrival": "bigint"},
        [(world.as_of, world.day, world.day - 1)],
    )
    warehouse.build()


class Ledger:
    """Stays in segments, kept one by one."""

    def __init__(self) -> None:
        self.stays: list[dict[str, Any]] = []
        self.before: World | None = None

    def take(self, world: World) -> None:
        renamed = {former: name for name, former in world.formerly.items()}
        for stay in self.stays:
            stay["segment_name"] = renamed.get(stay["segment_name"], stay["segment_name"])
        rules = {renamed.get(name, name): rule for name, rule in (self.before.rules if self.before else {}).items()}
        for stay in self.stays:
            name, customer = stay["segment_name"], stay["customer_id"]
            if stay["left_at"] is None and (name, customer) not in world.long():
                reason = "segment removed" if name not in world.segments else self._reason(world, rules, name, customer)
                stay |= {"left_at": world.as_of, "left_reason": reason}
        standing = {(stay["segment_name"], stay["customer_id"]) for stay in self.stays if stay["left_at"] is None}
        for name, customer in world.long() - standing:
            reason = self._reason(world, rules, name, customer) if name in rules else "segment added"
            values = (name, customer, world.as_of, reason, None, None)
            self.stays.append(dict(zip(COLUMNS, values, strict=True)))
        self.before = world

    def _reason(self, world: World, rules: dict[str, str], name: str, customer: int) -> str:
        kinds = sorted(kind for *sides, kind in world.merges if customer in sides)
        if kinds:
            return {"merge": "customer merged", "split": "customer split"}[kinds[0]]
        if customer not in world.customers:
            return "customer removed"
        if self.before and customer not in self.before.customers:
            return "customer new"
        if rules[name] != world.rules[name]:
            return "rule changed"
        return "data changed" if customer in world.supplied else "time passed"

    def memberships(self) -> list[tuple[Any, ...]]:
        return sorted((tuple(stay.values()) for stay in self.stays), key=repr)


def next_world(rng: random.Random, world: World) -> World:
    """A day later: segments come, go, change and are renamed; customers come, go, meet and part."""
    alive = set(world.customers)
    gone = {customer for customer in alive if rng.random() < 0.1}
    born = {customer for customer in range(1, 13) if customer not in alive and rng.random() < 0.3}
    customers = (alive - gone) | born
    merges = [(old, rng.choice(sorted(customers)), "merge") for old in sorted(gone) if customers and rng.random() < 0.5]
    merges += [(min(alive - gone), new, "split") for new in sorted(born)[:1] if alive - gone and rng.random() < 0.5]
    segments, rules, formerly = {}, {}, {}
    for name, members in world.segments.items():
        if rng.random() < 0.1:
            continue
        kept = f"{rng.choice('abcxyz')}{world.day + 1}_{name[:6]}" if rng.random() < 0.1 else name
        formerly |= {kept: name} if kept != name else {}
        rules[kept] = str(rng.random()) if rng.random() < 0.1 else world.rules[name]
        segments[kept] = {c for c in customers if (c in members) != (rng.random() < 0.15)}
    for number in range(rng.choice([0, 0, 1, 2])):
        name = f"{rng.choice('abcxyz')}{world.day + 1}_new{number}"
        segments[name], rules[name] = {c for c in customers if rng.random() < 0.5}, name
    supplied = {customer for customer in customers if rng.random() < 0.4}
    return World(world.day + 1, segments, rules, formerly, customers, merges, supplied)


def live(run: Run, dialect: str, seed: int, days: int = 8) -> None:
    rng, world, ledger, warehouse = random.Random(seed), World(), Ledger(), Warehouse(run, dialect)
    for _ in range(days):
        world = next_world(rng, world)
        settle(warehouse, world)
        ledger.take(world)
        assert warehouse.memberships() == ledger.memberships(), f"seed {seed}, day {world.day}"
        assert {row[:2] for row in warehouse.memberships() if row[4] is None} == world.long()


@pytest.fixture
def small_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three bits to a word, so that a few segments take several."""
    monkeypatch.setattr(bits, "WORD_BITS", 3)


@pytest.fixture
def embedded() -> Iterator[Run]:
    with duckdb.connect() as connection:
        yield lambda sql: connection.execute(sql).fetchall()


@pytest.fixture
def server(postgres_database: str) -> Iterator[Run]:
    import psycopg2

    with closing(psycopg2.connect(postgres_database)) as connection, connection.cursor() as cursor:

        def run(sql: str) -> Rows:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

        yield run


@pytest.mark.usefixtures("small_words")
@pytest.mark.parametrize("seed", range(6))
def test_what_is_kept_is_what_came_and_went(embedded: Run, seed: int) -> None:
    live(embedded, "duckdb", seed)


@pytest.mark.usefixtures("small_words")
def test_postgres_keeps_the_same(server: Run) -> None:
    live(server, "postgres", seed=1, days=5)


@pytest.mark.proof
@pytest.mark.usefixtures("small_words")
@pytest.mark.parametrize("seed", range(100, 300))
def test_what_is_kept_is_what_came_and_went_at_length(embedded: Run, seed: int) -> None:
    live(embedded, "duckdb", seed, days=12)
