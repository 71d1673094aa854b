"""The operational store as it began."""

from __future__ import annotations

from typing import Any, TypeAlias

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Column: TypeAlias = sa.Column[Any]
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False, default: str | None = None) -> Column:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def number(name: str, *, nullable: bool = False, default: str | None = None) -> Column:
    return sa.Column(name, sa.BigInteger(), nullable=nullable, server_default=default)


def moment(name: str, *, nullable: bool = False) -> Column:
    return sa.Column(name, sa.DateTime(), nullable=nullable)


def create(table: str, key: str, *columns: Column, comment: str) -> None:
    op.create_table(
        table,
        sa.Column(key, SERIAL, primary_key=True, autoincrement=True),
        *columns,
        sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
        comment=comment,
        sqlite_autoincrement=True,
    )


def upgrade() -> None:
    _what_runs()
    _what_stands()
    _who_decides()


def _what_runs() -> None:
    counts = ("planned", "ok", "rejected", "unknown", "suppressed", "held", "in_flight")
    create(
        "sync_runs",
        "run_id",
        *[text("sync"), text("destination"), text("status"), text("reason", default="")],
        *[number("fencing"), number("generation", nullable=True)],
        *[moment("started_at"), moment("finished_at", nullable=True)],
        *[number(count, default="0") for count in counts],
        comment="One row per run of a sync; planned = ok + rejected + unknown + suppressed + held + in_flight.",
    )
    op.create_index("ix_sync_runs_sync_run_id", "sync_runs", ["sync", "run_id"])
    create(
        "outbox",
        "batch_id",
        *[text("sync"), number("run_id"), number("generation", nullable=True), number("position")],
        *[text("operation"), sa.Column("idempotency_key", sa.Text(), nullable=False, unique=True)],
        *[number("row_count"), sa.Column("payload", sa.LargeBinary(), nullable=False)],
        comment="One row per batch that may be on its way; it goes when the destination has answered for every row.",
    )
    op.create_index("ix_outbox_sync_run_id_position_batch_id", "outbox", ["sync", "run_id", "position", "batch_id"])


def _what_stands() -> None:
    op.create_table(
        "acknowledged",
        *[text("sync"), text("key"), text("row_hash"), text("remote_id", nullable=True), moment("at")],
        sa.PrimaryKeyConstraint("sync", "key", name="pk_acknowledged"),
        comment="What each destination holds of ours: one row per sync and key.",
    )
    op.create_table(
        "rejections",
        *[text(name) for name in ("sync", "key", "row_hash", "operation", "code", "reason")],
        moment("at"),
        sa.PrimaryKeyConstraint("sync", "key", name="pk_rejections"),
        comment="Rows a destination refused; tried again only when their hash changes.",
    )
    create(
        "receipts",
        "seq",
        *[text("sync"), text("destination"), number("run_id")],
        *[text(name) for name in ("key", "operation", "verdict", "row_hash", "code")],
        *[moment("at"), number("generation", nullable=True)],
        comment="One row per verdict, in the order of commits; only ever appended to.",
    )
    op.create_index("ix_receipts_run_id_verdict", "receipts", ["run_id", "verdict"])
    op.create_index("ix_receipts_sync_seq", "receipts", ["sync", "seq"])


def _who_decides() -> None:
    create(
        "holds",
        "hold_id",
        *[text("sync"), number("run_id"), text("plan_digest"), text("reason")],
        *[moment("held_at"), moment("released_at", nullable=True)],
        comment="Plans a guard stopped. A release lets exactly the plan with that digest go.",
    )
    op.create_index("ix_holds_sync_plan_digest", "holds", ["sync", "plan_digest"])
    op.create_table(
        "leases",
        *[text("name"), number("fencing"), number("pid"), text("host"), moment("since")],
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
        comment="Who holds, or last held, each lease; `fencing` grows with every acquisition.",
    )
    create(
        "audit_log",
        "entry_id",
        *[moment("at"), *(text(name) for name in ("actor", "action", "subject", "detail"))],
        comment="What people decided, and why.",
    )
