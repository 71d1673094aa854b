"""Receipts by batch: what stands at a destination is read from them, no longer kept beside them (ADR 22)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OLD = sa.table(
    "receipts_by_row",
    *[sa.column(name) for name in ("seq", "sync", "destination", "run_id", "key", "operation", "verdict", "row_hash")],
    *[sa.column("code"), sa.column("at", sa.DateTime()), sa.column("generation")],
)
REJECTIONS = sa.table("rejections", *[sa.column(name) for name in ("sync", "key", "row_hash", "reason")])
ACKNOWLEDGED = sa.table("acknowledged", *[sa.column(name) for name in ("sync", "key", "row_hash", "remote_id")])
COUNTED = ("ok", "rejected", "unknown", "suppressed")
ROWS_AT_ONCE = 10_000


def upgrade() -> None:
    op.drop_index("ix_receipts_run_id_verdict", "receipts")
    op.drop_index("ix_receipts_sync_seq", "receipts")
    op.rename_table("receipts", "receipts_by_row")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter index pk_receipts rename to pk_receipts_by_row")
        op.execute("alter sequence receipts_seq_seq rename to receipts_by_row_seq_seq")
    _create_receipts()
    _fill()
    for table in ("receipts_by_row", "rejections", "acknowledged"):
        op.drop_table(table)
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("queued_at", sa.DateTime(), nullable=False, server_default="1970-01-01 00:00:00"))
    op.execute(
        "update outbox set queued_at = (select started_at from sync_runs where sync_runs.run_id = outbox.run_id)"
    )
    with op.batch_alter_table("outbox") as outbox:
        outbox.alter_column("queued_at", server_default=None)
    with op.batch_alter_table("sync_runs") as sync_runs:
        sync_runs.add_column(sa.Column("closed_seq", sa.BigInteger()))
        sync_runs.create_unique_constraint("uq_sync_runs_closed_seq", ["closed_seq"])
    op.execute("update sync_runs set closed_seq = run_id where status <> 'running'")


def _create_receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        *[sa.Column(name, sa.Text(), nullable=False) for name in ("sync", "destination")],
        sa.Column("target", sa.Text()),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("generation", sa.BigInteger()),
        *[sa.Column(name, sa.BigInteger(), nullable=False, server_default="0") for name in COUNTED],
        sa.Column("verdicts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_receipts"),
        comment="A row per batch that was answered, in the order of commits, with a verdict per key; only appended to.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_receipts_run_id", "receipts", ["run_id"])
    op.create_index("ix_receipts_sync_seq", "receipts", ["sync", "seq"])


def _fill() -> None:
    connection = op.get_bind()
    table = sa.Table("receipts", sa.MetaData(), autoload_with=connection)
    for batch in _batches(connection):
        connection.execute(table.insert(), batch)
    if connection.dialect.name == "postgresql":
        newest = "select setval(pg_get_serial_sequence('receipts', 'seq'), max(seq)) from receipts having count(*) > 0"
        connection.execute(sa.text(newest))


def _batches(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    same = (OLD.c.sync == REJECTIONS.c.sync) & (OLD.c.key == REJECTIONS.c.key)
    named = (OLD.c.sync == ACKNOWLEDGED.c.sync) & (OLD.c.key == ACKNOWLEDGED.c.key)
    rows = (
        sa.select(*OLD.c, REJECTIONS.c.reason, ACKNOWLEDGED.c.remote_id)
        .select_from(OLD.outerjoin(REJECTIONS, same).outerjoin(ACKNOWLEDGED, named))
        .order_by(OLD.c.seq)
    )
    found = connection.execute(rows, execution_options={"yield_per": ROWS_AT_ONCE})
    shared = ("sync", "destination", "run_id", "operation", "at", "generation")
    for values, group in groupby(found, key=lambda row: tuple(getattr(row, name) for name in shared)):
        yield _batch(dict(zip(shared, values, strict=True)), list(group))


def _batch(shared: dict[str, Any], rows: Sequence[Any]) -> dict[str, Any]:
    columns = {name: [getattr(row, name) for row in rows] for name in ("key", "row_hash", "verdict", "code")}
    rejected = [row.verdict == "rejected" for row in rows]
    columns["reason"] = [
        (row.reason or "") if is_rejected else "" for row, is_rejected in zip(rows, rejected, strict=True)
    ]
    columns["remote_id"] = [row.remote_id if row.verdict == "ok" else None for row in rows]
    verdicts = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    counts = {name: columns["verdict"].count(name) for name in COUNTED}
    # Numbered as its last row was: the lake has seen all of them, or none.
    return {**shared, **counts, "seq": rows[-1].seq, "verdicts": _packed(verdicts)}


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for batch in table.combine_chunks().to_batches():
            writer.write_batch(batch)
    return bytes(sink.getvalue())
