"""The plan as one SQL statement: the model's rows against what the receipts say was acknowledged (ADR 7).

One row per row of the model and per acknowledged key that the model no longer has: `_change`, `_key`, `_row_hash`,
`_acknowledged` (the key, null where the destination does not hold it), `_is_desired` (1, or null where the model does
not have it), `_remote_id`, and a column per remote field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.expressions import Expression, Select

from cdp.warehouse.port import Reader
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import Verdict

# What is written here is read by SQLGlot and spoken in the reader's dialect.
_WRITTEN_IN = "duckdb"
# PostgreSQL takes no more than a hundred.
_ARGUMENTS = 90
ANSWER = ("seq", "key", "operation", "verdict", "row_hash", "remote_id")

_COPIES = "select _key from keys group by _key having count(*) > 1"

_DESIRED = """
select model.*, copies._key as _copy, 1 as _is_desired
from model left join copies on copies._key = model._key
"""

_LATEST = """
select key,
    max(case when verdict = 'ok' then seq end) as ok_seq,
    max(case when verdict <> 'ok' then seq end) as failed_seq
from receipts
group by key
"""

_ACKNOWLEDGED = """
select receipts.key, receipts.row_hash, receipts.remote_id
from latest join receipts on receipts.seq = latest.ok_seq and receipts.key = latest.key
where receipts.operation <> 'remove'
"""

_FAILED = """
select receipts.key, receipts.row_hash, receipts.operation, receipts.verdict
from latest join receipts on receipts.seq = latest.failed_seq and receipts.key = latest.key
where latest.ok_seq is null or latest.ok_seq < latest.failed_seq
"""

_COMPARED = """
select
    case
        when desired._is_desired = 1 and desired._key is null then 'missing_key'
        when desired._copy is not null then 'duplicate_key'
        when failed.verdict = 'unknown' then 'unresolved'
        when desired._row_hash = acknowledged.row_hash then 'unchanged'
        when failed.row_hash = coalesce(desired._row_hash, acknowledged.row_hash)
            and (failed.operation = 'remove') = (desired._is_desired is null) then 'still_rejected'
        when acknowledged.key is null then 'add'
        when desired._is_desired is null then 'remove'
        else 'update'
    end as _change,
    coalesce(desired._key, acknowledged.key) as _key,
    coalesce(desired._row_hash, acknowledged.row_hash) as _row_hash,
    acknowledged.key as _acknowledged,
    desired._is_desired,
    acknowledged.remote_id as _remote_id
from desired
full join acknowledged on desired._key = acknowledged.key
left join failed on failed.key = coalesce(desired._key, acknowledged.key)
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: rows of a model, as `model_rows` gives them, with receipts, as `answers` gives them."""

    model: Select
    receipts: Select
    keys: Select


def whole(reader: Reader, sync: Sync) -> Sides:
    """Every row of the sync's model, and every receipt."""
    model, receipts = relation(reader, reader.relation(sync.model)), relation(reader, reader.receipts())
    key = exp.alias_(key_of(sync.key), "_key")
    return Sides(model_rows(model, sync.key, sync.fields), answers(receipts, sync), exp.select(key).from_(model.copy()))


def diff(sides: Sides, fields: Iterable[str]) -> Select:
    """The statement for one sync that has these remote `fields`."""
    compared = read(_COMPARED).select(*[column(field, "desired") for field in fields])
    return (
        exp.select("*")
        .from_("compared")
        .with_("model", as_=sides.model, copy=False)
        .with_("keys", as_=sides.keys, copy=False)
        .with_("receipts", as_=sides.receipts, copy=False)
        .with_("copies", as_=read(_COPIES), copy=False)
        .with_("desired", as_=read(_DESIRED), copy=False)
        .with_("latest", as_=read(_LATEST), copy=False)
        .with_("acknowledged", as_=read(_ACKNOWLEDGED), copy=False)
        .with_("failed", as_=read(_FAILED), copy=False)
        .with_("compared", as_=compared, copy=False)
    )


def row_hash(fields: Mapping[str, str]) -> Expression:
    """MD5 over `field=length:value;` of every mapped column by field name, `field=-;` for null.

    The lengths make it unambiguous whatever the values contain; the names make a new mapping a new hash.
    """
    parts: list[Expression] = []
    for name, field in sorted(fields.items(), key=lambda item: item[1]):
        value = exp.cast(column(name), "text")
        told = _joined([exp.Length(this=value.copy()), exp.Literal.string(":"), value])
        is_null = exp.Is(this=column(name), expression=exp.null())
        shown = exp.Case().when(is_null, exp.Literal.string("-")).else_(told)
        parts += [exp.Literal.string(f"{field}="), shown, exp.Literal.string(";")]
    return exp.MD5(this=_joined(parts))


def _joined(parts: list[Expression]) -> Expression:
    """One call for many parts: a chain of `||` copies what it has so far at each."""
    while len(parts) > _ARGUMENTS:
        parts = [_joined(parts[start : start + _ARGUMENTS]) for start in range(0, len(parts), _ARGUMENTS)]
    return exp.Anonymous(this="concat", expressions=parts)


def key_of(name: str) -> Expression:
    """As text; null where it is blank."""
    text = exp.cast(column(name), "text")
    return exp.Case().when(exp.NEQ(this=exp.Trim(this=text.copy()), expression=exp.Literal.string("")), text)


def keyed_model(reader: Reader, sync: Sync) -> Select:
    """`_key` and a column per remote field, of every row of the sync's model."""
    named = [exp.alias_(column(name), field, quoted=True) for name, field in sync.fields.items()]
    key = exp.alias_(key_of(sync.key), "_key")
    return exp.select(key, *named).from_(relation(reader, reader.relation(sync.model)))


def model_rows(source: Expression, key: str, fields: Mapping[str, str]) -> Select:
    """`_key`, `_row_hash` and a column per remote field, of rows that have `key` and the columns of `fields`."""
    named = [exp.alias_(column(name), field, quoted=True) for name, field in fields.items()]
    return exp.select(exp.alias_(key_of(key), "_key"), exp.alias_(row_hash(fields), "_row_hash"), *named).from_(source)


def answers(receipts: Expression, sync: Sync) -> Select:
    """Of this sync, where it kept the list that it keeps now; receipts from before targets were noted are of any."""
    of_this_sync = exp.column("sync").isin(*[exp.Literal.string(name) for name in sync.names])
    target = exp.Literal.string(sync.target)
    of_this_list = exp.Coalesce(this=exp.column("target"), expressions=[target]).eq(target.copy())
    # What was not sent for lack of consent is no answer of the destination's.
    final = [verdict for verdict in Verdict if verdict.is_final and verdict is not Verdict.SUPPRESSED]
    is_final = exp.column("verdict").isin(*[exp.Literal.string(verdict.value) for verdict in final])
    return exp.select(*ANSWER).from_(receipts).where(of_this_sync, of_this_list, is_final)


def relation(reader: Reader, sql: str) -> Expression:
    """A relation's SQL, in the reader's dialect, as an expression."""
    found = parse_one(f"select * from {sql} as source", dialect=reader.dialect).find(exp.From)
    if found is None:
        raise ValueError(f"{sql!r} is not a relation")
    source: Expression = found.this
    return source


def read(sql: str) -> Select:
    return parse_one(sql, dialect=_WRITTEN_IN, into=Select)


def column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)
