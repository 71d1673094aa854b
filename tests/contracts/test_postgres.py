"""What is PostgreSQL's own among the destinations: types, constraints, rights, and a server that falls silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest

from cdp.errors import ConfigurationError, DeclarationError
from reverse_etl.destinations.connector import Target
from reverse_etl.destinations.postgres import CONNECTOR, connection
from reverse_etl.engine.ports import Destination, Mode
from reverse_etl.engine.words import KEY, ROW_HASH, Batch, Operation, Reply, Verdict
from reverse_etl.sandbox.faults import Fault
from tests.contracts.fakes.postgres import CASE, PASSWORD, TABLE, PostgresTool, postgres_tool

TYPED = f"create table {TABLE} (email text primary key, age integer, joined date, is_vip boolean default true)"
Row = tuple[str, dict[str, Any]]


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[PostgresTool]:
    with postgres_tool(tmp_path) as up:
        yield up


def typed(tool: PostgresTool, statement: str = TYPED) -> None:
    tool.ask(statement)
    tool.ask(f"grant all on {TABLE} to crm")


@contextmanager
def table(tool: PostgresTool, mode: Mode = "mirror", **options: str) -> Iterator[Destination]:
    account = replace(CASE.account(tool.url), options={"sslmode": "disable", **options})
    built = CONNECTOR.build(account, replace(CASE.target, mode=mode))
    yield built
    built.close()


def batch(rows: Sequence[Row], operation: Operation = Operation.ADD) -> Batch:
    return Batch(0, operation, "b1", pa.RecordBatch.from_pylist([{KEY: k, ROW_HASH: "h", **f} for k, f in rows]))


def sent(tool: PostgresTool, rows: Sequence[Row], operation: Operation = Operation.ADD, mode: Mode = "mirror") -> Reply:
    with table(tool, mode) as destination:
        return destination.send(batch(rows, operation))


def held(tool: PostgresTool, columns: str) -> list[tuple[Any, ...]]:
    return tool.ask(f"select {columns} from {TABLE} order by 1")


def codes(reply: Reply) -> dict[int, str]:
    return {position: row.code for position, row in reply.rows.items()}


def test_a_table_that_is_not_there_is_made_with_the_types_of_the_model(tool: PostgresTool) -> None:
    row = {
        "Name": "O'Neill, \"Zoë\"\n\\N \t", "nothing": None, "empty": "", "n": 2**60, "x": 1.5, "yes": True,
        "on": date(2026, 2, 28), "at": datetime(2026, 2, 28, 1, 2, 3, 4), "cents": Decimal("12.30"),
    }  # fmt: skip
    assert sent(tool, [("1", row)]).verdict is Verdict.OK
    names = ", ".join(f'"{name}"' for name in row)
    assert held(tool, names) == [tuple(row.values())]


def test_only_mapped_columns_are_written(tool: PostgresTool) -> None:
    typed(tool)
    tool.ask(f"insert into {TABLE} values ('1', 5, '2020-01-01', false)")
    assert sent(tool, [("1", {"age": 6}), ("2", {"age": 7})], Operation.UPDATE).verdict is Verdict.OK
    assert held(tool, "*") == [("1", 6, date(2020, 1, 1), False), ("2", 7, None, True)]


def test_values_that_do_not_fit_are_refused_row_by_row(tool: PostgresTool) -> None:
    typed(tool)
    rows: list[Row] = [(str(number), {"age": str(number)}) for number in range(1000)]
    rows[3], rows[500], rows[999] = ("3", {"age": "old"}), ("500", {"age": str(2**40)}), ("999", {"age": "1.5"})
    assert codes(sent(tool, rows)) == {3: "sqlstate_22P02", 500: "sqlstate_22003", 999: "sqlstate_22P02"}
    assert len(held(tool, "email")) == 997


def test_constraints_are_refused_row_by_row_deferred_ones_as_well(tool: PostgresTool) -> None:
    typed(
        tool,
        f"create table {TABLE} (email text primary key, n int not null check (n > 0),"
        " twin int unique deferrable initially deferred)",
    )
    values = [(1, 1), (None, 2), (0, 3), (4, 1), (5, 5)]
    rows: list[Row] = [(str(key), {"n": n, "twin": twin}) for key, (n, twin) in enumerate(values)]
    assert codes(sent(tool, rows)) == {1: "sqlstate_23502", 2: "sqlstate_23514", 3: "sqlstate_23505"}
    assert held(tool, "email") == [("0",), ("4",)]


def test_a_table_that_is_not_there_is_not_updated(tool: PostgresTool) -> None:
    reply = sent(tool, [("1", {"age": 6})], Operation.UPDATE, "update_only")
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "no_such_table")


def test_a_key_may_be_a_number(tool: PostgresTool) -> None:
    typed(tool, f"create table {TABLE} (email bigint primary key)")
    assert codes(sent(tool, [("7", {}), ("seven", {}), ("8", {})])) == {1: "sqlstate_22P02"}
    assert sent(tool, [("7", {})], Operation.REMOVE).verdict is Verdict.OK
    assert held(tool, "email") == [(8,)]


def test_update_only_makes_nothing_and_says_whose_row_is_not_there(tool: PostgresTool) -> None:
    typed(tool)
    tool.ask(f"insert into {TABLE} values ('1', 5)")
    reply = sent(tool, [("1", {"age": 6}), ("2", {"age": 7})], Operation.UPDATE, "update_only")
    assert codes(reply) == {1: "not_there"}
    assert held(tool, "email, age") == [("1", 6)]


@pytest.mark.parametrize("mode", ["create_only", "append"])
def test_what_exists_is_left_as_it_is(tool: PostgresTool, mode: Mode) -> None:
    typed(tool)
    tool.ask(f"insert into {TABLE} values ('1', 5)")
    assert sent(tool, [("1", {"age": 6}), ("2", {"age": 7})], mode=mode).verdict is Verdict.OK
    assert held(tool, "email, age") == [("1", 5), ("2", 7)]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (f"create table {TABLE} (email text, age int)", "sqlstate_42P10"),
        (f"create table {TABLE} (email text primary key)", "no_such_column"),
        (f"create table {TABLE} (age int)", "no_such_column"),
        (f"create view {TABLE} as select 'x' as email, count(*) as age from pg_class group by 1", "sqlstate_55000"),
    ],
)
def test_a_table_that_is_not_made_for_it_is_fatal(tool: PostgresTool, statement: str, code: str) -> None:
    typed(tool, statement)
    reply = sent(tool, [("1", {"age": 1})])
    assert (reply.verdict, reply.code) == (Verdict.FATAL, code)


def test_a_missing_right_is_fatal_and_leaves_nothing(tool: PostgresTool) -> None:
    tool.ask(TYPED)
    tool.ask(f"grant select on {TABLE} to crm")
    reply = sent(tool, [("1", {"age": 1})])
    assert (reply.verdict, reply.reason) == (Verdict.FATAL, "our user lacks a right on the table or its schema")
    assert held(tool, "email") == []


def test_a_schema_that_is_not_there_is_fatal(tool: PostgresTool) -> None:
    built = CONNECTOR.build(CASE.account(tool.url), Target("nowhere.customers"))
    reply = built.send(batch([("1", {})]))
    built.close()
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "sqlstate_3F000")


def test_a_column_of_lists_is_fatal(tool: PostgresTool) -> None:
    reply = sent(tool, [("1", {"tags": ["a"]})])
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "nested_column")


def test_odd_names_are_names(tool: PostgresTool) -> None:
    built = CONNECTOR.build(
        CASE.account(tool.url), Target("marketing.a-b", options={"key_column": "Select"}, fields=frozenset({"from"}))
    )
    reply = built.send(batch([("it's", {"from": "%s"})]))
    built.close()
    assert reply.verdict is Verdict.OK
    assert tool.ask('select "Select", "from" from marketing."a-b"') == [("it's", "%s")]


def test_a_lock_is_waited_for_no_longer_than_declared(tool: PostgresTool) -> None:
    typed(tool)
    holder = psycopg2.connect(tool.owner)
    holder.cursor().execute(f"lock table {TABLE}")
    with table(tool, statement_timeout="0.2") as destination:
        reply = destination.send(batch([("1", {"age": 1})]))
        holder.close()
        assert (reply.verdict, reply.code, reply.is_lost) == (Verdict.RETRY, "sqlstate_57014", False)
        assert destination.send(batch([("1", {"age": 1})])).verdict is Verdict.OK


def test_a_server_that_falls_silent_is_left(tool: PostgresTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_GRACE_SECONDS", 0.2)
    tool.faults.script, tool.faults.hang_seconds = [Fault.HANG], 3.0
    with table(tool, statement_timeout="0.2") as destination:
        reply = destination.send(batch([("1", {"age": 1})]))
    assert (reply.verdict, reply.code, reply.is_lost) == (Verdict.RETRY, "connection_lost", True)


def test_a_certificate_is_checked_unless_declared(tool: PostgresTool, tmp_path: Path) -> None:
    trusted = tmp_path / "authority.pem"
    trusted.write_text(Path(tool.authority()).read_text())
    rows = batch([("1", {})])
    with table(tool, sslmode="verify-full", sslrootcert=str(trusted)) as destination:
        assert destination.send(rows).verdict is Verdict.OK
    with table(tool, sslmode="require") as destination:
        assert destination.send(rows).verdict is Verdict.OK
    suspicious = CONNECTOR.build(replace(CASE.account(tool.url), options={}), CASE.target)
    reply = suspicious.send(rows)
    suspicious.close()
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "tls")


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="holds a password") as told:
        CONNECTOR.build(CASE.account(f"postgresql://crm:{'hush'}@127.0.0.1/db"), CASE.target)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize(("name", "fields"), [("a.b.c", ()), ("a.", ()), ("a.b", ("email",))])
def test_what_can_be_no_table_is_refused_before_anything_runs(name: str, fields: Sequence[str]) -> None:
    with pytest.raises(DeclarationError):
        CONNECTOR.check(replace(CASE.target, name=name, fields=frozenset(fields)))


def test_an_error_is_told_without_its_value(tool: PostgresTool) -> None:
    typed(tool)
    told = repr(sent(tool, [("1", {"age": "Anna Weber"})]))
    assert "sqlstate_22P02" in told and "Anna" not in told and PASSWORD not in told
