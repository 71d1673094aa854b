"""What tools report of messages waits here until the next landing takes it into the lake."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "inbound",
        sa.Column("inbound_id", SERIAL, primary_key=True, autoincrement=True),
        *[sa.Column(name, sa.Text(), nullable=False) for name in ("destination", "event_id")],
        sa.Column("received_at", sa.DateTime(), nullable=False),
        *[sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "channel")],
        *[sa.Column(name, sa.Text()) for name in ("address_kind", "address", "message_key", "remote_id", "campaign")],
        sa.Column("occurred_at", sa.DateTime(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column("landed_batch", sa.BigInteger()),
        sa.PrimaryKeyConstraint("inbound_id", name="pk_inbound"),
        comment="Events that tools reported, each once, in the order of commits; `landed_batch` is the lake's.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbound_destination_event_id", "inbound", ["destination", "event_id"], unique=True)
    op.create_index("ix_inbound_landed_batch_inbound_id", "inbound", ["landed_batch", "inbound_id"])
