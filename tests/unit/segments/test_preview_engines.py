"""A preview says the same on both engines, and understands every segment of the demo company."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import psycopg2
import pytest
from sqlalchemy import make_url

from cdp.declarations.rule import leaves
from cdp.declarations.segments import ModelReference, load_segments
from cdp.project import Project
from cdp.segments.members import columns_read, part_of
from cdp.segments.previewing.draft import read_draft
from cdp.segments.previewing.preview import preview
from cdp.warehouse import open_warehouse
from cdp.warehouse.port import Generation
from cdp.warehouse.postgres import PostgresReader
from tests.doubles.published import AS_OF, DEFINITIONS, MEMBERS, TRAITS, publish_customers
from tests.doubles.readers import MemoryReader

REPOSITORY = Path(__file__).parents[3]
Declare = Callable[[str, str], Path]

LATELY = datetime(2017, 10, 30)
CUSTOMERS = [(1, 20, 0.5, "Rome", True, LATELY), (2, 15, 0.1, "Rome", True, None), (3, 2, None, "Oslo", None, LATELY)]
STANDING = [("frequent", 1), ("frequent", 3), ("early", 2)]
RULE = (
    "rule: {all: [{trait: orders_count, at_least: 12}, {any: [{trait: city, in: [Rome]},"
    " {not: {trait: last_order_at, within_last: 30 days}}]}]}"
)


def test_both_engines_preview_alike(project: Project, declare: Declare, postgres_database: str) -> None:
    declare("segments/frequent", RULE)
    segments = load_segments(project)
    publish_customers(project, CUSTOMERS, STANDING)
    with open_warehouse(project).reader() as reader:
        expected = preview(reader, segments["frequent"], segments)
    url = make_url(postgres_database).set(drivername="postgresql").render_as_string(hide_password=False)
    tables = {
        "dim_customer_traits": (TRAITS.replace("double", "double precision"), CUSTOMERS),
        "segment_members": (MEMBERS, STANDING),
        "int_segments__definitions": (DEFINITIONS, [("early",), ("frequent",)]),
    }
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("create schema cdp")
        for name, (columns, rows) in tables.items():
            cursor.execute(f"create table cdp.{name} ({columns})")
            for row in rows:
                cursor.execute(f"insert into cdp.{name} values ({', '.join(['%s'] * len(row))})", row)
    connection.close()
    with adbc.connect(url) as reading:
        postgres = PostgresReader(reading, Generation(1, AS_OF, 0, "f"), "cdp")
        try:
            assert preview(postgres, segments["frequent"], segments) == expected
        finally:
            postgres.close()
    assert (expected.members, expected.change and expected.change.leave) == (2, 1)


@pytest.mark.parametrize(
    ("leaf", "read"),
    [
        ("{did: order_placed, at_least: 3, within_last: 90 days}", "fct_customer_events.event_type"),
        ("{did: order_placed, then_not: {did: email_click}, within: 24 hours}", "fct_customer_events.occurred_at"),
        ("{did_not: email_click, within_last: 3 calendar days}", "dim_customer_traits.time_zone"),
        ("{last: order_placed, within_last: 30 days}", "fct_customer_events.occurred_at"),
        ("{sum: value_cents, of: order_placed, at_least: 5}", "fct_customer_events.value_cents"),
        ("{trait: last_order_at, within_last: 3 calendar days}", "dim_customer_traits.time_zone"),
        ("{top: {count: 500, by: net_revenue_cents}}", "dim_customer_traits.net_revenue_cents"),
        ("{sample: {percent: 50, salt: half}}", "dim_customer_traits.customer_id"),
        ("{segment: growing_spenders}", "seg_growing_spenders.customer_id"),
    ],
)
def test_every_kind_of_condition_names_what_it_reads(leaf: str, read: str, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yml"
    draft.write_text(f"name: draft\ndescription: Draft.\nowner: crm\nrule: {leaf}\n")
    segment, segments = read_draft(Project.load(REPOSITORY), draft)
    assert read in {f"{model}.{column}" for model, column in columns_read(MainReader(), segment, segments)}


def test_every_condition_of_the_demo_company_names_what_it_reads() -> None:
    segments = load_segments(Project.load(REPOSITORY))
    reader = MainReader()
    for segment in segments.values():
        definition = segment.definition
        parts = (
            [segment]
            if isinstance(definition, ModelReference)
            else [part_of(segment, leaf) for leaf in leaves(definition)]
        )
        for part in parts:
            assert any(column != "customer_id" for _, column in columns_read(reader, part, segments))


class MainReader(MemoryReader):
    """One whose relations stand in a schema, as they do where models are built."""

    def relation(self, model: str) -> str:
        return f'"cdp"."{model}"'
