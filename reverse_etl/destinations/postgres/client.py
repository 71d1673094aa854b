"""Rows of a table in a PostgreSQL database: staged by COPY, then applied by one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg2
import pyarrow as pa

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.postgres import statements
from reverse_etl.destinations.postgres.config import CAPABILITIES, AccountOptions, SyncOptions
from reverse_etl.destinations.postgres.connection import Session, address_of
from reverse_etl.destinations.postgres.meaning import meaning_of, meaning_of_no_entry
from reverse_etl.destinations.postgres.staging import apply, stage
from reverse_etl.destinations.postgres.table import Table, check
from reverse_etl.engine.words import KEY, Batch, Operation, Reply, RowVerdict, Verdict

Answer = TypeVar("Answer")

_ABSENT = RowVerdict(Verdict.REJECTED, "not_there", "the table has no row with this key, and `update_only` makes none")
_NO_TABLE = Reply(Verdict.FATAL, "no_such_table", "the table is not there, and `update_only` makes none")
_NESTED = Reply(Verdict.FATAL, "nested_column", "a column holds lists or structures, and they cannot become texts")


class PostgresTable:
    """See `reverse_etl.engine.ports.Destination` and `ReadsBack`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        address_of(account)
        self._account, self._mode = account, target.mode
        self._options = AccountOptions.model_validate(account.options)
        self._table = Table.of(target)
        self._session: Session | None = None
        self._types: dict[str, str] = {}

    def send(self, batch: Batch) -> Reply:
        return self._in_transaction(lambda session: self._put(session, batch))

    def found(self, keys: Sequence[str]) -> int | Reply:
        return self._in_transaction(lambda session: self._count(session, keys))

    def _in_transaction(self, step: Callable[[Session], Answer]) -> Answer | Reply:
        try:
            session = self._session = self._session or Session(self._account, self._options)
        except psycopg2.OperationalError as error:
            return meaning_of_no_entry(error)
        try:
            answer = step(session)
            session.commit()
        except psycopg2.Error as error:
            self.close()
            return meaning_of(error)
        except pa.ArrowException:
            self.close()
            return _NESTED
        return answer

    def close(self) -> None:
        session, self._session, self._types = self._session, None, {}
        if session is not None:
            session.close()

    def _put(self, session: Session, batch: Batch) -> Reply:
        removes = batch.operation is Operation.REMOVE
        fields = [] if removes else [name for name in batch.rows.schema.names if not name.startswith("_")]
        rows, updates_only = batch.rows.select([KEY, *fields]), self._mode == "update_only" and not removes
        self._learn_types(session, rows.schema, creates=not removes and not updates_only)
        if not self._types:
            return Reply(Verdict.OK) if removes else _NO_TABLE
        if missing := sorted({self._table.key, *fields} - self._types.keys()):
            return Reply(Verdict.FATAL, "no_such_column", f"the table has no column `{missing[0]}`")
        unfit = stage(session, rows)
        change = statements.change(self._table, fields, self._types, batch.operation, self._mode)
        found, refused = apply(session, change, 0, len(batch))
        absent = set(range(len(batch))) - found if updates_only else set()
        return Reply(Verdict.OK, rows={**dict.fromkeys(absent, _ABSENT), **refused, **unfit})

    def _count(self, session: Session, keys: Sequence[str]) -> int:
        self._learn_types(session, pa.schema([]), creates=False)
        if self._table.key not in self._types:
            return 0
        return int(session.execute(statements.count(self._table, self._types[self._table.key]), list(keys))[0][0])

    def _learn_types(self, session: Session, schema: pa.Schema, *, creates: bool) -> None:
        name = session.shown(self._table.name)
        if not self._types:
            self._types = dict(session.execute(statements.COLUMNS, name))
        if not self._types and creates:
            session.execute(statements.create(self._table, schema.remove(schema.get_field_index(KEY))))
            self._types = dict(session.execute(statements.COLUMNS, name))


CONNECTOR = Connector(
    CAPABILITIES,
    PostgresTable,
    schemes=frozenset({"postgresql", "postgres"}),
    account_options=AccountOptions,
    sync_options=SyncOptions,
    check=check,
)
