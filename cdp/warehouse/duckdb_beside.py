"""Two generation files attached to one connection, so that SQL compares them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from cdp.landing.lake import quoted

MODEL_SCHEMA = "cdp"


class DuckDBSideBySide:
    """See `cdp.warehouse.port.SideBySide`."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, files: Mapping[int, Path]) -> None:
        self._connection = connection
        for number, file in files.items():
            connection.execute(f"attach {quoted(file)} as {_database(number)} (read_only)")

    def columns(self, number: int) -> dict[str, list[str]]:
        # A view would look for what it reads under the name that the file has by itself.
        query = (
            "select c.table_name, c.column_name from duckdb_columns() as c join duckdb_tables() as t "
            "on t.database_name = c.database_name and t.schema_name = c.schema_name and t.table_name = c.table_name "
            f"where c.database_name = '{_database(number)}' and c.schema_name = '{MODEL_SCHEMA}' "
            "order by c.table_name, c.column_index"
        )
        found = defaultdict[str, list[str]](list)
        for table, column in self.query(query):
            found[table].append(column)
        return dict(found)

    def relation(self, number: int, table: str) -> str:
        return f'{_database(number)}."{MODEL_SCHEMA}"."{table}"'

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()


def _database(number: int) -> str:
    return f"generation_{number}"
