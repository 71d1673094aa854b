"""Batches that are answered later, and calls that are counted per account (ADR 20)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("job", sa.Text(), nullable=False, server_default=""),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("code", sa.Text(), nullable=False, server_default=""),
        sa.Column("not_before", sa.Float(), nullable=False, server_default="0"),
    ):
        op.add_column("outbox", column)
    op.create_table(
        "calls",
        sa.Column("call_id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("rows_so_far", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_calls"),
        comment="Calls to each account within its longest limit, so that no two processes exceed one; epoch seconds.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_calls_account_at", "calls", ["account", "at"])
