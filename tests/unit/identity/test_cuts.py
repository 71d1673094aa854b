"""A customer whom the guard cuts, and the cut that is lifted: what the log, the map of ids and the review say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import jinja2
import pytest

from cdp.identity.explaining.explanation import explain
from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.macros import Macros, Relation, Rows
from tests.doubles.readers import MemoryReader

DBT_PROJECT = REPOSITORY / "dbt_project"
MACROS = sorted((DBT_PROJECT / "macros" / "identity").rglob("*.sql"))
FIRST_DAY = datetime(2024, 5, 1)
IDENTITY: dict[str, Any] = {
    "identifiers": {"card": {"max_per_customer": 1}, "email": {}},
    "tiers": [
        {"rules": [{"name": "card", "identifier": "card"}]},
        {"rules": [{"name": "email", "identifier": "email"}]},
    ],
}
RULES = {"card": 1, "email": 2}
# How the guard says it (macro `settled_sql`).
TOO_MANY = "would join too many of card"


@dataclass(frozen=True)
class Table(Relation):
    """A relation, as far as models look at one."""

    database: str = ""
    schema: str = ""


class Identity:
    """The graph and the models that stand on it, in one DuckDB, a day at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection, self.day, self.graph = connection, 0, Table("int_identity__components")
        self.macros = Macros(MACROS, self._run, var=lambda name: {"identity": IDENTITY}[name])
        self.macros.context["graph_rules"] = lambda: "these"
        self._run("create table clock (as_of timestamp, generation bigint)")
        self._run("create table int_identity__nodes (record_key varchar, node_id bigint)")
        self._run("create table int_identity__observations (record_key varchar, is_deleted boolean)")

    def _run(self, sql: str) -> Rows:
        return self.connection.execute(sql).fetchall()

    def next_day(self, **shown: str) -> None:
        """A build, in which every record `r<n>` that is given shows these values, `card:…` and `email:…`, alone."""
        self.begin_day(**shown)
        self.log_moves()

    def begin_day(self, **shown: str) -> None:
        """A build that ends when the graph is solved."""
        self.day += 1
        self._run(f"delete from clock; insert into clock values ('{FIRST_DAY + timedelta(self.day)}', {self.day})")
        for record in shown:
            known = self._run(f"select 1 from int_identity__nodes where record_key = '{record}'")
            if not known:
                self._run(f"insert into int_identity__nodes values ('{record}', {record[1:]})")
                self._run(f"insert into int_identity__observations values ('{record}', false)")
        self._solve([row for record, values in shown.items() for row in evidence(int(record[1:]), values.split())])

    def log_moves(self) -> None:
        """What a build makes after the graph."""
        for model in ("assignments", "id_changes", "merges", "records", "edges"):
            self._build("intermediate/identity", f"int_identity__{model}")
        self._build("marts/customers", "dim_customer_ids")
        self._build("reports", "rpt_identity_review")

    def _solve(self, given: list[tuple[Any, ...]]) -> None:
        columns = self.macros.evidence_columns()
        self._run(f"create or replace temp table shown ({', '.join(columns)})")
        self.connection.executemany(f"insert into shown values ({', '.join('?' * len(columns))})", given)
        self.macros.solve_graph(self.macros.graph_tables(self.graph), "select * from shown", self.day > 1, 0)

    def _build(self, folder: str, model: str) -> None:
        """Run one model as dbt would: append, delete and insert, or a table made anew."""
        configuration: dict[str, Any] = {}
        stands = self._relation(model) is not None
        context = self.macros.context | {
            "config": lambda **given: configuration.update(given) or "",
            "ref": Table,
            "source": lambda _, name: Table(name),
            "this": Table(model),
            "adapter": {"get_relation": lambda database, schema, identifier: self._relation(identifier)},
            "is_incremental": lambda: stands,
        }
        sql = rendered((DBT_PROJECT / "models" / folder / f"{model}.sql").read_text(encoding="utf-8"), context)
        if configuration.get("materialized") != "incremental" or not stands:
            self._run(f"create or replace table {model} as {sql}")
        else:
            self._append(model, sql, configuration.get("unique_key", []))
        if hook := configuration.get("post_hook"):
            self._run(rendered(hook, context))

    def _append(self, model: str, sql: str, key: list[str]) -> None:
        self._run(f"create or replace temp table arrived as {sql}")
        if key:
            self._run(f"delete from {model} where ({', '.join(key)}) in (select ({', '.join(key)}) from arrived)")
        self._run(f"insert into {model} select * from arrived")

    def _relation(self, name: str) -> Table | None:
        return Table(name) if self._run(f"select 1 from duckdb_tables() where table_name = '{name}'") else None

    def customers(self) -> dict[int, int]:
        return dict(self._run("select node_id, customer_id from int_identity__records"))

    def moves(self) -> Rows:
        """What the log says of the last day."""
        columns = "kind, old_customer_id, new_customer_id, cause, tier, rule, reason"
        return self._run(f"select {columns} from int_identity__merges where generation = {self.day} order by 2, 3")

    def standing_for(self, *issued: int) -> list[int]:
        found = dict(self._run("select issued_customer_id, customer_id from dim_customer_ids where is_current"))
        return [found[customer_id] for customer_id in issued]

    def explained(self, one: str, other: str) -> list[tuple[str, str, tuple[str, str]]]:
        """What keeps two records apart: kind, reason, and what they share."""
        reader = MemoryReader()
        reader.connection.close()
        reader.connection = self.connection
        return [(each.kind, each.reason, each.shown) for each in explain(reader, one, other).obstacles]

    def review(self) -> Rows:
        columns = "kind, tier, shown, reason, customers_count, records_count, oldest_customer_id, newest_customer_id"
        return self._run(f"select {columns} from rpt_identity_review order by priority")


def rendered(source: str, context: dict[str, Any]) -> str:
    return jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(source).render(context)


def evidence(node: int, values: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of one record: its own, and one per value."""
    shown = [(0, "record", "", None, None)]
    shown += [(RULES[kind], kind, value, kind, value) for kind, value in (each.split(":") for each in values)]
    for tier, rule, hub, kind, value in shown:
        yield node, tier, rule, hub, False, True, kind, value, 1.0, "test", FIRST_DAY, FIRST_DAY, 1, None


@pytest.fixture
def identity() -> Iterator[Identity]:
    """Two customers with a card each; the second record stands between them and is the first one's."""
    with duckdb.connect(config={"threads": 1}) as connection:
        identity = Identity(connection)
        identity.next_day(r1="card:A email:x", r2="email:x", r3="card:B email:y")
        assert identity.customers() == {1: 1, 2: 1, 3: 3}
        yield identity


def cut(identity: Identity) -> None:
    """The second record shows the address of the third, too: no single value joins two cards, the chain would."""
    identity.next_day(r2="email:x email:y")
    assert identity.customers() == {1: 1, 2: 2, 3: 3}


def test_a_customer_who_would_hold_too_much_is_cut(identity: Identity) -> None:
    cut(identity)
    assert identity.moves() == [("split", 1, 2, "cut", 2, None, TOO_MANY)]
    assert identity.standing_for(1, 2, 3) == [1, 2, 3]
    assert identity.review() == [("customer", 2, "r1", TOO_MANY, 3, 3, 1, 3)]
    assert identity.explained("r1", "r2") == [("cut", TOO_MANY, ("email", "x"))]


def test_a_cut_is_told_also_where_no_link_changed(identity: Identity) -> None:
    identity.next_day(r3="email:y", r2="email:x email:y")
    assert identity.customers() == {1: 1, 2: 1, 3: 1}
    identity.next_day(r3="card:B email:y")
    assert identity.customers() == {1: 1, 2: 2, 3: 3}
    assert identity.moves() == [
        ("split", 1, 2, "cut", 2, None, TOO_MANY),
        ("split", 1, 3, "cut", 2, None, TOO_MANY),
    ]


def test_a_cut_is_lifted_when_the_value_too_many_goes(identity: Identity) -> None:
    cut(identity)
    identity.next_day(r3="email:y")
    assert identity.customers() == {1: 1, 2: 1, 3: 1}
    assert identity.moves() == [
        ("merge", 2, 1, "cut lifted", None, None, None),
        ("merge", 3, 1, "cut lifted", None, None, None),
    ]
    assert identity.standing_for(1, 2, 3) == [1, 1, 1]
    assert identity.review() == []


def test_a_cut_is_lifted_when_the_chain_breaks(identity: Identity) -> None:
    cut(identity)
    identity.next_day(r3="card:B")
    assert identity.customers() == {1: 1, 2: 1, 3: 3}
    assert identity.moves() == [("merge", 2, 1, "cut lifted", None, None, None)]
    assert identity.standing_for(1, 2, 3) == [1, 1, 3]
    assert identity.review() == []


def test_a_cut_stays_while_others_come_and_go(identity: Identity) -> None:
    cut(identity)
    identity.next_day(r4="email:y", r5="card:A")
    assert identity.customers() == {1: 1, 2: 2, 3: 3, 4: 4, 5: 1}
    assert identity.review() == [("customer", 2, "r1", TOO_MANY, 4, 5, 1, 4)]


def test_a_build_that_ended_before_it_logged_the_moves_leaves_their_cause_to_the_next(identity: Identity) -> None:
    identity.begin_day(r4="email:y")
    identity.begin_day(r3="card:B email:x")
    identity.begin_day(r2="")
    identity.next_day(r2="email:x")
    assert identity.customers() == {1: 1, 2: 2, 3: 3, 4: 4}
    assert identity.moves() == [("split", 1, 2, "link undone", 2, "email", "those it would join hold too many of card")]
    identity.next_day(r2="email:x")
    assert identity.moves() == []


def test_what_was_made_and_undone_before_it_was_logged_is_no_cause(identity: Identity) -> None:
    identity.next_day(r2="email:x email:y", r4="email:x")
    identity.begin_day(r1="card:A")
    identity.begin_day(r1="card:A email:x")
    identity.next_day(r3="email:y")
    assert {cause for _, _, _, cause, *_ in identity.moves()} == {"cut lifted"}


def test_moves_that_were_logged_without_their_merges_are_counted_once(identity: Identity) -> None:
    identity.begin_day(r3="email:x")
    identity._build("intermediate/identity", "int_identity__assignments")
    identity._build("intermediate/identity", "int_identity__id_changes")
    identity.log_moves()
    assert identity._run("select old_customer_id, records_moved from int_identity__merges") == [(3, 1)]
