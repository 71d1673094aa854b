"""What a sync would do now: counts first, then the operations as a stream."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp
from sqlglot.expressions import Select

from cdp.warehouse.port import Reader
from reverse_etl.declarations import Sync
from reverse_etl.engine.columns import check_columns
from reverse_etl.engine.diff import diff
from reverse_etl.engine.ports import Mode
from reverse_etl.engine.words import KEY, REMOTE_ID, ROW_HASH, Operation, PlanCounts

CHANGE = "_change"
_ONCE = {"add": Operation.ADD}
# What each mode does about a change.
_OPERATIONS: dict[Mode, dict[str, Operation]] = {
    "mirror": {"add": Operation.ADD, "update": Operation.UPDATE, "remove": Operation.REMOVE},
    "upsert": {"add": Operation.ADD, "update": Operation.UPDATE},
    "update_only": {"add": Operation.UPDATE, "update": Operation.UPDATE},
    "create_only": _ONCE,
    "add_only": _ONCE,
    "append": _ONCE,
    "send": _ONCE,
}
_MODEL_ROWS = ("add", "update", "unchanged", "still_rejected", "unresolved", "missing_key", "duplicate_key")


@dataclass(frozen=True, slots=True)
class Plan:
    """One sync compared with one generation. `samples` has up to two keys per kind of change, masked."""

    sync: Sync
    reader: Reader
    counts: PlanCounts
    samples: dict[str, list[str]]

    def operations(self) -> Iterator[pa.RecordBatch]:
        """`_change`, `_key`, `_row_hash`, `_remote_id` and the fields: adds, updates, then removals, each by key."""
        done, rank = exp.Case(), exp.Case()
        for change, operation in _OPERATIONS[self.sync.mode].items():
            done = done.when(exp.column(CHANGE).eq(change), exp.Literal.string(operation.value))
            rank = rank.when(exp.column(CHANGE).eq(change), str(list(Operation).index(operation)))
        changed = exp.alias_(done, CHANGE)
        statement = self._chosen().select(changed, KEY, ROW_HASH, REMOTE_ID, *self._fields(), append=False, copy=False)
        statement = statement.order_by(rank, exp.column(KEY))
        yield from self.reader.query(statement.sql(dialect=self.reader.dialect))

    def digest(self) -> str:
        """Names exactly this plan: every operation, key and row hash in it."""
        parts = [exp.column(CHANGE), exp.column(KEY), exp.column(ROW_HASH)]
        line = exp.alias_(exp.func("concat_ws", exp.Literal.string("|"), *parts), "line")
        statement = self._chosen().select(line, append=False, copy=False).order_by(CHANGE, KEY)
        digest = hashlib.sha256()
        for batch in self.reader.query(statement.sql(dialect=self.reader.dialect)):
            lines = pa.ListArray.from_arrays(
                pa.array([0, batch.num_rows], pa.int32()), batch.column(0).cast(pa.string())
            )
            digest.update(pc.binary_join(lines, "\n")[0].as_buffer())
            digest.update(b"\n")
        return digest.hexdigest()[:32]

    def _chosen(self) -> Select:
        chosen = [exp.Literal.string(change) for change in _OPERATIONS[self.sync.mode]]
        return _diff(self.reader, self.sync).where(exp.column(CHANGE).isin(*chosen), copy=False)

    def _fields(self) -> list[exp.Column]:
        return [exp.column(field, quoted=True) for field in self.sync.fields.values()]


def make_plan(reader: Reader, sync: Sync) -> Plan:
    """Compare a sync's model with what its destination acknowledged; nothing is sent.

    Raises DeclarationError where the generation lacks what the sync asks for.
    """
    check_columns(reader, sync)
    count, changed = exp.Count(this=exp.Star()), exp.column(CHANGE)
    statement = (
        _diff(reader, sync)
        .select(
            changed,
            exp.alias_(count, "found"),
            exp.alias_(exp.Count(this=exp.column("_acknowledged")), "acknowledged"),
            exp.alias_(exp.Min(this=exp.column(KEY)), "first_key"),
            exp.alias_(exp.Max(this=exp.column(KEY)), "last_key"),
            append=False,
        )
        .group_by(changed)
    )
    rows = reader.query(statement.sql(dialect=reader.dialect)).read_all().to_pylist()
    found = {row[CHANGE]: row["found"] for row in rows}
    return Plan(sync, reader, _counts(sync, found, sum(row["acknowledged"] for row in rows)), _samples(rows))


def change_of(reader: Reader, sync: Sync, key: str) -> list[str]:
    """What the plan would do about one key: nothing, one change, or one per duplicate row; errors as `make_plan`."""
    check_columns(reader, sync)
    statement = (
        _diff(reader, sync).select(CHANGE, append=False, copy=False).where(exp.column(KEY).eq(exp.Literal.string(key)))
    )
    return list(reader.query(statement.sql(dialect=reader.dialect)).read_all().column(0).to_pylist())


def masked(key: str) -> str:
    """Enough of a key to recognise it by, too little to know it."""
    return f"{key[:2]}…" if len(key) > 4 else "…"


def _diff(reader: Reader, sync: Sync) -> Select:
    return diff(reader, sync)


def _counts(sync: Sync, found: dict[str, int], acknowledged: int) -> PlanCounts:
    desired = sum(found.get(kind, 0) for kind in _MODEL_ROWS)
    counted: Counter[str] = Counter()
    for change, rows in found.items():
        is_operation = change in set(Operation)
        counted[_OPERATIONS[sync.mode].get(change, "unchanged") if is_operation else change] += rows
    return PlanCounts(**counted, desired=desired, acknowledged=acknowledged)


def _samples(rows: list[dict[str, str]]) -> dict[str, list[str]]:
    return {
        row[CHANGE]: sorted({masked(key) for key in (row["first_key"], row["last_key"]) if key is not None})
        for row in rows
        if row[CHANGE] != "unchanged"
    }
