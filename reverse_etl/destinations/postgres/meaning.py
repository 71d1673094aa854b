"""What an error of PostgreSQL means to a row or a batch. Its own words are never repeated: they quote values."""

from __future__ import annotations

import psycopg2

from reverse_etl.engine.words import Reply, RowVerdict, Verdict

# An error while connecting has no code. These are libpq's own words, which are never translated, then the server's.
_NOT_NOW = (
    "connection refused",
    "could not translate host name",
    "timeout expired",
    "no route to host",
    "network is unreachable",
    "connection reset",
    "server closed the connection",
    "could not receive data",
    "ssl syscall error",
    "ssl connection has been closed",
    "the database system is",
    "too many clients",
    "too many connections",
    "remaining connection slots",
)
_DATA_CLASSES = frozenset({"21", "22", "23", "44", "P0"})
_DATA = {
    "22": "a value does not fit its column",
    "23502": "a column that must have a value gets none",
    "23503": "a row of another table that it refers to is not there",
    "23505": "another row already has a value that must be unique",
    "23514": "a check of the table refuses it",
    "P0": "a trigger of the table refuses it",
}
_LATER = {
    "40": "another transaction was in the way",
    "53": "the server lacks memory, disk or connections",
    "55P03": "another transaction holds a lock on the table",
    "57014": "the server gave up after the statement timeout",
    "58": "the server's machine fails",
    "25006": "the server only takes reads at the moment",
}
_FATAL = {
    "28": "PostgreSQL does not accept our user or password",
    "3F": "the table's schema is not there",
    "42501": "our user lacks a right on the table or its schema",
    "42P01": "the table is not there",
    "42703": "the table lacks a column that the sync maps",
    "42P10": "the key column has no unique index",
    "42846": "a column is of a kind that a text cannot become",
}


def is_about_data(error: psycopg2.Error) -> bool:
    """Whether another row would have been taken."""
    return (error.pgcode or "")[:2] in _DATA_CLASSES


def verdict_of(error: psycopg2.Error) -> RowVerdict:
    """What an error about data means to the one row that it is about."""
    state = str(error.pgcode)
    return RowVerdict(Verdict.REJECTED, f"sqlstate_{state}", _said(_DATA, state) or "the table refuses it")


def meaning_of(error: psycopg2.Error) -> Reply:
    """What an error after the connection was made means to the whole batch."""
    state = error.pgcode or ""
    code = f"sqlstate_{state}"
    if not state or state[:2] == "08" or state[:4] == "57P0":
        told = "the connection broke before the answer came"
        return Reply(Verdict.RETRY, "connection_lost", told, is_lost=True)
    if is_about_data(error):
        refused = verdict_of(error)
        return Reply(refused.verdict, refused.code, refused.reason)
    if later := _said(_LATER, state):
        return Reply(Verdict.RETRY, code, later)
    return Reply(Verdict.FATAL, code, _said(_FATAL, state) or "PostgreSQL does not let us do this")


def meaning_of_no_entry(error: psycopg2.Error) -> Reply:
    """What it means that no connection was made."""
    words = str(error).lower()
    if any(part in words for part in _NOT_NOW):
        return Reply(Verdict.RETRY, "unreachable", "the destination cannot be reached")
    if "certificate" in words or "ssl" in words:
        return Reply(Verdict.FATAL, "tls", "the server's TLS is not what `sslmode` and `sslrootcert` ask for")
    return Reply(Verdict.FATAL, "not_let_in", "PostgreSQL does not accept our user, password or database")


def _said(words: dict[str, str], state: str) -> str:
    return words.get(state) or words.get(state[:2], "")
