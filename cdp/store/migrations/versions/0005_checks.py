"""What every check found, and which of them people have let pass."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "checks",
        sa.Column("check_run_id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("round", sa.BigInteger(), nullable=False),
        *[sa.Column(name, sa.Text(), nullable=False) for name in ("check_name", "boundary", "table_name", "verdict")],
        *[sa.Column(name, sa.Float()) for name in ("value", "low", "high", "median")],
        sa.Column("observations", sa.BigInteger()),
        sa.Column("told", sa.Text(), nullable=False, server_default=""),
        sa.Column("stops", sa.Text(), nullable=False),
        sa.Column("syncs", sa.Text(), nullable=False, server_default=""),
        sa.Column("at", sa.DateTime(), nullable=False),
        *[sa.Column(name, sa.BigInteger()) for name in ("batch", "generation")],
        sa.PrimaryKeyConstraint("check_run_id", name="pk_checks"),
        comment="One row per check and time it was made; only appended to. What is judged at once is one round.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checks_check_name_check_run_id", "checks", ["check_name", "check_run_id"])
    op.create_index("ix_checks_boundary_table_name_round", "checks", ["boundary", "table_name", "round"])
    op.create_table(
        "gate_releases",
        sa.Column("release_id", SERIAL, primary_key=True, autoincrement=True),
        *[sa.Column(name, sa.Text(), nullable=False) for name in ("check_name", "actor", "reason")],
        *[sa.Column(name, sa.DateTime(), nullable=False) for name in ("released_at", "expires_at")],
        sa.Column("used_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("release_id", name="pk_gate_releases"),
        comment="Checks that a person let pass, once; the history of a check begins anew when its release is used.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_gate_releases_check_name_release_id", "gate_releases", ["check_name", "release_id"])
