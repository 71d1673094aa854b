"""The tables of the operational store. Timestamps are naive UTC; `migrations/` must produce exactly these."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Float, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"},
)

# SQLite numbers rows only in a column that is spelled INTEGER.
_SERIAL: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


sync_runs = Table(
    "sync_runs",
    metadata,
    Column("run_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("sync", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("fencing", BigInteger, nullable=False),
    Column("generation", BigInteger),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime),
    _count("planned"),
    _count("ok"),
    _count("rejected"),
    _count("unknown"),
    _count("suppressed"),
    _count("held"),
    _count("in_flight"),
    Column("closed_seq", BigInteger, unique=True),
    Index(None, "sync", "run_id"),
    comment="One row per run of a sync; planned = ok + rejected + unknown + suppressed + held + in_flight.",
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("batch_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("sync", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("generation", BigInteger),
    Column("position", BigInteger, nullable=False),
    Column("operation", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("row_count", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("queued_at", DateTime, nullable=False),
    Column("job", Text, nullable=False, server_default=""),
    _count("attempts"),
    Column("code", Text, nullable=False, server_default=""),
    Column("not_before", Float, nullable=False, server_default="0"),
    Index(None, "sync", "run_id", "position", "batch_id"),
    comment="One row per batch that may be on its way; it goes when the destination has answered for every row.",
    sqlite_autoincrement=True,
)

calls = Table(
    "calls",
    metadata,
    Column("call_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("rows_so_far", BigInteger, nullable=False),
    Index(None, "account", "at"),
    comment="Calls to each account within its longest limit, so that no two processes exceed one; epoch seconds.",
    sqlite_autoincrement=True,
)

receipts = Table(
    "receipts",
    metadata,
    Column("seq", _SERIAL, primary_key=True, autoincrement=True),
    Column("sync", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("target", Text),
    Column("run_id", BigInteger, nullable=False),
    Column("operation", Text, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("generation", BigInteger),
    _count("ok"),
    _count("rejected"),
    _count("unknown"),
    _count("suppressed"),
    Column("verdicts", LargeBinary, nullable=False),
    Index(None, "run_id"),
    Index(None, "sync", "seq"),
    comment="A row per batch that was answered, in the order of commits, with a verdict per key; only appended to.",
    sqlite_autoincrement=True,
)

inbound = Table(
    "inbound",
    metadata,
    Column("inbound_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("destination", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("received_at", DateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address_kind", Text),
    Column("address", Text),
    Column("message_key", Text),
    Column("remote_id", Text),
    Column("campaign", Text),
    Column("occurred_at", DateTime, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("landed_batch", BigInteger),
    Index(None, "destination", "event_id", unique=True),
    Index(None, "landed_batch", "inbound_id"),
    comment="Events that tools reported, each once, in the order of commits; `landed_batch` is the lake's.",
    sqlite_autoincrement=True,
)

holds = Table(
    "holds",
    metadata,
    Column("hold_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("sync", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("plan_digest", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("held_at", DateTime, nullable=False),
    Column("released_at", DateTime),
    Index(None, "sync", "plan_digest"),
    comment="Plans a guard stopped. A release lets exactly the plan with that digest go.",
    sqlite_autoincrement=True,
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("fencing", BigInteger, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("host", Text, nullable=False),
    Column("since", DateTime, nullable=False),
    comment="Who holds, or last held, each lease; `fencing` grows with every acquisition.",
)

checks = Table(
    "checks",
    metadata,
    Column("check_run_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("round", BigInteger, nullable=False),
    Column("check_name", Text, nullable=False),
    Column("boundary", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("median", Float),
    Column("observations", BigInteger),
    Column("told", Text, nullable=False, server_default=""),
    Column("stops", Text, nullable=False),
    Column("syncs", Text, nullable=False, server_default=""),
    Column("at", DateTime, nullable=False),
    Column("batch", BigInteger),
    Column("generation", BigInteger),
    Index(None, "check_name", "check_run_id"),
    Index(None, "boundary", "table_name", "round"),
    comment="One row per check and time it was made; only appended to. What is judged at once is one round.",
    sqlite_autoincrement=True,
)

gate_releases = Table(
    "gate_releases",
    metadata,
    Column("release_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("check_name", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("released_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("used_at", DateTime),
    Index(None, "check_name", "release_id"),
    comment="Checks that a person let pass, once; the history of a check begins anew when its release is used.",
    sqlite_autoincrement=True,
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("entry_id", _SERIAL, primary_key=True, autoincrement=True),
    Column("at", DateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    comment="What people decided, and why.",
    sqlite_autoincrement=True,
)
