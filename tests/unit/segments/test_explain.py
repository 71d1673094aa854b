"""Why a customer is, or is not, in a segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from cdp.declarations.segments import load_segments
from cdp.errors import CdpError
from cdp.project import Project
from cdp.segments.explain import Reason, explain_membership
from cdp.warehouse.port import Generation

Declare = Callable[[str, str], Path]
AS_OF = datetime(2017, 11, 1)


class MemoryReader:
    """A published generation that lives in memory."""

    dialect = "duckdb"
    generation = Generation(number=1, as_of=AS_OF, batch=1, fingerprint="f")

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def relation(self, model: str) -> str:
        return f'"main"."{model}"'

    def receipts(self) -> str:
        raise NotImplementedError

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        return self._connection.sql(sql, params=list(parameters)).to_arrow_reader()


@pytest.fixture
def reader() -> Iterator[MemoryReader]:
    with duckdb.connect() as connection:
        connection.execute(
            "create table dim_customer_traits as select * from (values"
            " (7, 14, 0.5, 'Rome', true, timestamp '2017-10-20'), (8, 3, null, null, null, null))"
            " as t (customer_id, orders_count, coupon_share, city, is_online_buyer, last_order_at)"
        )
        connection.execute("create table seg_growing as select 7 as customer_id union all select null")
        yield MemoryReader(connection)


@pytest.fixture
def explain(project: Project, declare: Declare, reader: MemoryReader) -> Callable[[str, int], list[Reason]]:
    model = project.dbt_project / "models/seg_growing.sql"
    model.write_text("select 7 as customer_id")
    declare("segments/growing", "model: seg_growing")
    declare("segments/frequent", "rule: {trait: orders_count, at_least: 12}")
    declare(
        "segments/lapsing",
        "rule: {all: [{segment: frequent}, {not: {trait: last_order_at, within_last: 7 days}}, {segment: growing}]}",
    )
    segments = load_segments(project)
    return lambda name, customer: explain_membership(reader, segments, segments[name], customer)


def test_each_condition_stands_beside_the_customers_own_value(explain: Callable[[str, int], list[Reason]]) -> None:
    assert explain("lapsing", 7) == [
        Reason(0, "all of", None, True),
        Reason(1, "in segment frequent", None, True),
        Reason(2, "orders_count is at least 12", 14, True),
        Reason(1, "not", None, True),
        Reason(2, "last_order_at is within the last 7 days", datetime(2017, 10, 20), False),
        Reason(1, "in segment growing", None, True),
    ]


def test_a_missing_value_meets_no_condition(explain: Callable[[str, int], list[Reason]]) -> None:
    reasons = explain("lapsing", 8)
    assert not reasons[0].holds
    assert [reason.holds for reason in reasons if reason.asked in ("not", "in segment growing")] == [True, False]
    assert reasons[4].value is None


def test_a_hand_written_model_says_yes_or_no(explain: Callable[[str, int], list[Reason]]) -> None:
    assert explain("growing", 7) == [Reason(0, "in segment growing", None, True)]
    assert explain("growing", 8) == [Reason(0, "in segment growing", None, False)]


def test_a_customer_nobody_knows(explain: Callable[[str, int], list[Reason]]) -> None:
    with pytest.raises(CdpError, match="there is no customer 9 in the published generation"):
        explain("lapsing", 9)
