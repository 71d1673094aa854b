"""A published generation on DuckDB, made by hand: no dbt, no build, the real reader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb

from cdp.project import Project
from cdp.warehouse.duckdb import FILE_NAME
from cdp.warehouse.fingerprint import fingerprint

AS_OF = datetime(2017, 11, 1)
TRAITS = (
    "customer_id bigint, orders_count bigint, coupon_share double, city varchar, is_online_buyer boolean, "
    "last_order_at timestamp"
)
MEMBERS = "segment_name varchar, customer_id bigint"
DEFINITIONS = "segment_name varchar, fingerprint varchar"

Rows = Sequence[Sequence[Any]]


def publish(project: Project, tables: Mapping[str, tuple[str, Rows]]) -> None:
    """Let readers see `tables`: columns and rows by name, as generation 1, built from the models as they are now."""
    (project.dbt_project / "dbt_project.yml").touch()
    folder = project.warehouse_folder / "000001"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / FILE_NAME)) as connection:
        connection.execute("create schema cdp")
        for name, (columns, rows) in tables.items():
            connection.execute(f"create table cdp.{name} ({columns})")
            if rows:
                connection.executemany(f"insert into cdp.{name} values ({', '.join('?' * len(rows[0]))})", rows)
    pointer = {"number": 1, "as_of": AS_OF.isoformat(), "batch": 0, "fingerprint": fingerprint(project, AS_OF, 0)}
    (project.warehouse_folder / "published.json").write_text(json.dumps(pointer))


def publish_customers(project: Project, traits: Rows, members: Rows = (), **tables: tuple[str, Rows]) -> None:
    """Publish customers with their `TRAITS`, and who is in which segment (name, customer)."""
    names = sorted({(name, None) for name, _ in members})
    standing = {
        "dim_customer_traits": (TRAITS, traits),
        "segment_members": (MEMBERS, members),
        "int_segments__definitions": (DEFINITIONS, names),
    }
    publish(project, {**standing, **tables})
