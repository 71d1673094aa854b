"""What stands in the tools, on disk: lists and their members, answers given, and every change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

_SCHEMA = """
create table if not exists members (
    account text, list text, key text, fields text, primary key (account, list, key)) without rowid;
create table if not exists answers (
    account text, request_id text, answer text, primary key (account, request_id)) without rowid;
create table if not exists changes (
    seq integer primary key, account text, list text, key text, operation text, fields text);
"""

_REPEATED = """
select count(*) from (
    select operation, fields, lag(operation) over same as last_operation, lag(fields) over same as last_fields
    from changes where account = ? window same as (partition by list, key order by seq))
where operation = last_operation and fields = last_fields
"""

_LISTS = """
select account, list,
    (select count(*) from members where (members.account, members.list) = (known.account, known.list)),
    (select group_concat(key, char(10)) from (
        select key from members where (members.account, members.list) = (known.account, known.list)
        order by key limit 3))
from (select distinct account, list from changes) as known
order by account, list
"""


@dataclass(frozen=True, slots=True)
class ListState:
    """One list as it stands: how many members, and the first keys."""

    account: str
    name: str
    members: int
    first_keys: list[str]


class SandboxState:
    """All accounts in one SQLite file. An answer and what it did are one transaction."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._connection = sqlite3.connect(
            folder / "sandbox.db", isolation_level=None, check_same_thread=False, timeout=30
        )
        self._connection.execute("pragma journal_mode = wal").fetchall()
        self._connection.executescript(_SCHEMA)

    def answered(self, account: str, request_id: str) -> str | None:
        """The answer that a request got when it came first."""
        with self._lock:
            rows = self._connection.execute(
                "select answer from answers where account = ? and request_id = ?", (account, request_id)
            ).fetchall()
        return str(rows[0][0]) if rows else None

    def apply(
        self,
        place: tuple[str, str],
        operation: str,
        rows: Sequence[tuple[str, str]],
        answer: tuple[str, str] | None = None,
    ) -> None:
        """`put` or `remove` (key, fields as JSON) rows in an account's list.

        `answer` (request id, answer) is remembered with them.
        """
        with self._transaction() as connection:
            if operation == "remove":
                gone = [(*place, key) for key, _ in rows]
                connection.executemany("delete from members where (account, list, key) = (?, ?, ?)", gone)
            else:
                stands = [(*place, *row) for row in rows]
                connection.executemany("insert or replace into members values (?, ?, ?, ?)", stands)
            changes = [(*place, operation, *row) for row in rows]
            connection.executemany(
                "insert into changes (account, list, operation, key, fields) values (?, ?, ?, ?, ?)", changes
            )
            if answer is not None:
                connection.execute("insert into answers values (?, ?, ?)", (place[0], *answer))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def members(self, account: str, list_name: str) -> dict[str, str]:
        """Fields as JSON, by key."""
        with self._lock:
            rows = self._connection.execute(
                "select key, fields from members where account = ? and list = ?", (account, list_name)
            ).fetchall()
        return dict(rows)

    def repeated_changes(self, account: str) -> int:
        """How many times the same was done to a key twice in a row: effects that should have happened once."""
        with self._lock:
            return int(self._connection.execute(_REPEATED, (account,)).fetchall()[0][0])

    def lists(self) -> list[ListState]:
        """Every list that has or had members, by account and name."""
        with self._lock:
            rows = self._connection.execute(_LISTS).fetchall()
        return [
            ListState(account, name, count, keys.split("\n") if keys else []) for account, name, count, keys in rows
        ]

    def close(self) -> None:
        self._connection.close()
