"""The plan as one SQL statement: the model's rows against what the receipts say was acknowledged (ADR 7).

One row per row of the model and per acknowledged key that the model no longer has: `_change`, `_key`, `_row_hash`,
`_acknowledged` (the key, null where the destination does not hold it), `_remote_id`, and a column per remote field.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp, parse_one
from sqlglot.expressions import Expression, Select

from cdp.warehouse.port import Reader
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import Verdict

# What is written here is read by SQLGlot and spoken in the reader's dialect.
_WRITTEN_IN = "duckdb"

_DESIRED = "select model.*, count(*) over (partition by _key) as _copies, 1 as _is_desired from model"

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
        when desired._copies > 1 then 'duplicate_key'
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
    acknowledged.remote_id as _remote_id
from desired
full join acknowledged on desired._key = acknowledged.key
left join failed on failed.key = coalesce(desired._key, acknowledged.key)
"""


def diff(reader: Reader, sync: Sync) -> Select:
    """The statement for one sync."""
    fields = sync.fields
    compared = _read(_COMPARED).select(*[_column(field, "desired") for field in fields.values()])
    return (
        exp.select("*")
        .from_("compared")
        .with_("model", as_=_model(reader, sync.model, sync.key, fields), copy=False)
        .with_("receipts", as_=_receipts(reader, sync), copy=False)
        .with_("desired", as_=_read(_DESIRED), copy=False)
        .with_("latest", as_=_read(_LATEST), copy=False)
        .with_("acknowledged", as_=_read(_ACKNOWLEDGED), copy=False)
        .with_("failed", as_=_read(_FAILED), copy=False)
        .with_("compared", as_=compared, copy=False)
    )


def row_hash(fields: Mapping[str, str]) -> Expression:
    """MD5 over `field=length:value;` of every mapped column by field name, `field=-;` for null.

    The lengths make it unambiguous whatever the values contain; the names make a new mapping a new hash.
    """
    parts: Expression = exp.Literal.string("")
    for column, field in sorted(fields.items(), key=lambda item: item[1]):
        value = exp.cast(_column(column), "text")
        measured = exp.cast(exp.Length(this=value.copy()), "text")
        told = exp.DPipe(this=exp.DPipe(this=measured, expression=exp.Literal.string(":")), expression=value)
        shown = exp.Coalesce(this=told, expressions=[exp.Literal.string("-")])
        named = exp.DPipe(this=exp.Literal.string(f"{field}="), expression=shown)
        parts = exp.DPipe(this=parts, expression=exp.DPipe(this=named, expression=exp.Literal.string(";")))
    return exp.MD5(this=parts)


def _model(reader: Reader, model: str, key: str, fields: Mapping[str, str]) -> Select:
    text_key = exp.cast(_column(key), "text")
    filled = exp.NEQ(this=exp.Trim(this=text_key.copy()), expression=exp.Literal.string(""))
    return exp.select(
        exp.alias_(exp.Case().when(filled, text_key), "_key"),
        exp.alias_(row_hash(fields), "_row_hash"),
        *[exp.alias_(_column(column), field, quoted=True) for column, field in fields.items()],
    ).from_(_relation(reader, reader.relation(model)))


def _receipts(reader: Reader, sync: Sync) -> Select:
    """Of this sync, where it kept the list that it keeps now; receipts from before targets were noted are of any."""
    of_this_sync = exp.column("sync").isin(*[exp.Literal.string(name) for name in sync.names])
    target = exp.Literal.string(sync.target)
    of_this_list = exp.Coalesce(this=exp.column("target"), expressions=[target]).eq(target.copy())
    # What was not sent for lack of consent is no answer of the destination's.
    answers = [verdict for verdict in Verdict if verdict.is_final and verdict is not Verdict.SUPPRESSED]
    final = exp.column("verdict").isin(*[exp.Literal.string(verdict.value) for verdict in answers])
    return (
        exp.select("seq", "key", "operation", "verdict", "row_hash", "remote_id")
        .from_(_relation(reader, reader.receipts()))
        .where(of_this_sync, of_this_list, final)
    )


def _relation(reader: Reader, relation: str) -> Expression:
    found = parse_one(f"select * from {relation} as source", dialect=reader.dialect).find(exp.From)
    if found is None:
        raise ValueError(f"{relation!r} is not a relation")
    source: Expression = found.this
    return source


def _read(sql: str) -> Select:
    return parse_one(sql, dialect=_WRITTEN_IN, into=Select)


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)
