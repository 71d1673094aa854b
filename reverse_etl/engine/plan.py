"""What a sync would do now: counts first, then the operations as a stream."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp
from sqlglot.expressions import Select

from cdp.warehouse.port import Reader
from reverse_etl.declarations import Sync
from reverse_etl.engine.checkpoint import Checkpoint, KeepingReader
from reverse_etl.engine.columns import check_columns
from reverse_etl.engine.diff import Sides, diff, relation, whole
from reverse_etl.engine.ports import Mode
from reverse_etl.engine.unsettled import unsettled
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
_UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Plan:
    """One sync compared with one generation. `samples` has up to two keys per kind of change, masked.

    `changes` is the relation of every row of the comparison but the unchanged.
    """

    sync: Sync
    reader: Reader
    changes: str
    counts: PlanCounts
    samples: dict[str, list[str]]

    def operations(self) -> Iterator[pa.RecordBatch]:
        """`_change`, `_key`, `_row_hash`, `_remote_id` and the fields: adds, updates, then removals, each by key."""
        done, rank = exp.Case(), exp.Case()
        for change, operation in _OPERATIONS[self.sync.mode].items():
            done = done.when(exp.column(CHANGE).eq(change), exp.Literal.string(operation.value))
            rank = rank.when(exp.column(CHANGE).eq(change), str(list(Operation).index(operation)))
        changed = exp.alias_(done, CHANGE)
        statement = self._chosen().select(changed, KEY, ROW_HASH, REMOTE_ID, *self._fields(), copy=False)
        statement = statement.order_by(rank, exp.column(KEY))
        yield from self.reader.query(statement.sql(dialect=self.reader.dialect))

    def digest(self) -> str:
        """Names exactly this plan: every operation, key and row hash in it."""
        parts = [exp.column(CHANGE), exp.column(KEY), exp.column(ROW_HASH)]
        line = exp.alias_(exp.func("concat_ws", exp.Literal.string("|"), *parts), "line")
        statement = self._chosen().select(line, copy=False).order_by(CHANGE, KEY)
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
        return Select().from_(relation(self.reader, self.changes)).where(exp.column(CHANGE).isin(*chosen), copy=False)

    def _fields(self) -> list[exp.Column]:
        return [exp.column(field, quoted=True) for field in self.sync.fields.values()]


def make_plan(reader: Reader, sync: Sync, checkpoint: Checkpoint | None = None) -> Plan:
    """Compare a sync's model with what its destination acknowledged; nothing is sent.

    A `checkpoint` saves looking at what has not changed since, where the reader can keep what it has found.
    Raises DeclarationError where the generation lacks what the sync asks for.
    """
    check_columns(reader, sync)
    changes = _changes(reader, sync, checkpoint)
    rows = _query(reader, _summary(relation(reader, changes)))
    model = relation(reader, reader.relation(sync.model))
    desired = _query(reader, exp.select(exp.alias_(exp.Count(this=exp.Star()), "found")).from_(model))[0]["found"]
    return Plan(sync, reader, changes, _counts(sync, rows, desired), _samples(rows))


def change_of(reader: Reader, sync: Sync, key: str) -> list[str]:
    """What the plan would do about one key: nothing, one change, or one per duplicate row; errors as `make_plan`."""
    check_columns(reader, sync)
    compared = diff(whole(reader, sync), sync.fields.values())
    statement = compared.select(CHANGE, append=False, copy=False).where(exp.column(KEY).eq(exp.Literal.string(key)))
    return [row[CHANGE] for row in _query(reader, statement)]


def _changes(reader: Reader, sync: Sync, checkpoint: Checkpoint | None) -> str:
    """Compared once, where the reader can keep it; else whenever it is asked."""
    if not isinstance(reader, KeepingReader):
        return f"({_all_but_the_unchanged(reader, sync, whole(reader, sync))})"
    sides = unsettled(reader, sync, checkpoint) if checkpoint else whole(reader, sync)
    return reader.keep("plan", _all_but_the_unchanged(reader, sync, sides))


def _all_but_the_unchanged(reader: Reader, sync: Sync, sides: Sides) -> str:
    statement = diff(sides, sync.fields.values()).where(exp.column(CHANGE).neq(_UNCHANGED), copy=False)
    return statement.sql(dialect=reader.dialect)


def _summary(changes: exp.Expression) -> Select:
    count, changed = exp.Count(this=exp.Star()), exp.column(CHANGE)
    return (
        exp.select(
            changed,
            exp.alias_(count, "found"),
            exp.alias_(exp.Count(this=exp.column("_is_desired")), "desired"),
            exp.alias_(exp.Count(this=exp.column("_acknowledged")), "acknowledged"),
            exp.alias_(exp.Min(this=exp.column(KEY)), "first_key"),
            exp.alias_(exp.Max(this=exp.column(KEY)), "last_key"),
        )
        .from_(changes)
        .group_by(changed)
    )


def _query(reader: Reader, statement: Select) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reader.query(statement.sql(dialect=reader.dialect)).read_all().to_pylist()
    return found


def masked(key: str) -> str:
    """Enough of a key to recognise it by, too little to know it."""
    return f"{key[:2]}…" if len(key) > 4 else "…"


def _counts(sync: Sync, rows: list[dict[str, Any]], desired: int) -> PlanCounts:
    """The rest of the model's `desired` rows is unchanged, and stands."""
    unchanged = desired - sum(row["desired"] for row in rows)
    counted = Counter({_UNCHANGED: unchanged})
    for row in rows:
        change = row[CHANGE]
        counted[_OPERATIONS[sync.mode].get(change, _UNCHANGED) if change in set(Operation) else change] += row["found"]
    acknowledged = unchanged + sum(row["acknowledged"] for row in rows)
    return PlanCounts(**counted, desired=desired, acknowledged=acknowledged)


def _samples(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {
        row[CHANGE]: sorted({masked(key) for key in (row["first_key"], row["last_key"]) if key is not None})
        for row in rows
    }
