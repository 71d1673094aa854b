"""What is left to compare once there is a checkpoint: rows of the model that are not as they stood, and what is newer.

A row is settled where its key stands in the checkpoint with the fingerprint that the model's row has, no other row of
the model has that key, and no newer receipt speaks of it. Everything else goes through the comparison of all rows
(`diff`), by MD5 of its columns.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp
from sqlglot.expressions import Expression, Select

from reverse_etl.declarations import Sync
from reverse_etl.engine.checkpoint import Checkpoint, KeepingReader
from reverse_etl.engine.diff import Sides, answers, column, keyed_model, model_rows, read, relation

_TOUCHED = "select distinct hash(key) as key_hash from newer"

_STOOD = """
select key_hash, fingerprint from checkpoint
where fingerprint is not null and not exists (select 1 from touched where touched.key_hash = checkpoint.key_hash)
"""

_CHANGED = """
select wanted.*, stood.key_hash as _stood_hash
from wanted full join stood on wanted._key_hash = stood.key_hash
where wanted._fingerprint is distinct from stood.fingerprint
"""

_MATCHES = """
select
    (select count(*) from model) - (select count(*) from changed where _stood_hash is null) as rows_matched,
    (select count(*) from stood) - (select count(*) from changed where _is_wanted is null) as keys_matched
"""

_AND_COPIES = """
select key_hash
from (select key_hash from touched union select hash(_key) from model group by hash(_key) having count(*) > 1) as either
"""

_ANSWERS = """
select seq, key, operation, verdict, row_hash, remote_id from checkpoint
where key_hash in (
    select coalesce(_key_hash, _stood_hash) from changed
    union all select key_hash from touched
    union all select key_hash from unknown where fingerprint is null
)
"""


def unsettled(reader: KeepingReader, sync: Sync, checkpoint: Checkpoint) -> Sides:
    """What `diff` has to compare, so that together with what is settled it finds what it would find in all."""
    return _Search(reader, sync, checkpoint).sides()


def fingerprint(fields: Iterable[str]) -> Expression:
    """64 bits over `_key` and these columns as text; the engine's own hash, which another version may change.

    A row that has changed is taken for unchanged where both have the same: one in 2^64 of the rows that change.
    """
    return exp.Anonymous(
        this="hash", expressions=[column("_key"), *[exp.cast(column(field), "text") for field in sorted(fields)]]
    )


class _Search:
    """The relations of one search, by the names that the statements above have for them."""

    def __init__(self, reader: KeepingReader, sync: Sync, checkpoint: Checkpoint) -> None:
        self._reader, self._sync = reader, sync
        self._newer = answers(relation(reader, checkpoint.newer), sync)
        self._model = keyed_model(reader, sync)
        # Twice, for what a statement names twice is first copied.
        self._relations = {"checkpoint": checkpoint.rows, "unknown": checkpoint.rows}

    def sides(self) -> Sides:
        self._keep("touched", read(_TOUCHED).with_("newer", as_=self._newer))
        self._keep("changed", self._changed())
        if self._has_copies():
            self._keep("touched_and_copies", self._with(_AND_COPIES, "touched").with_("model", as_=self._model))
            self._relations["touched"] = self._relations["touched_and_copies"]
            self._keep("changed", self._changed())
        left = relation(self._reader, self._relations["changed"])
        is_wanted = column("_is_wanted").eq(1)
        fields = {field: field for field in self._sync.fields.values()}
        older = self._with(_ANSWERS, "checkpoint", "unknown", "touched", "changed")
        return Sides(
            model=model_rows(left, "_key", fields).where(is_wanted),
            receipts=exp.select("*").from_(exp.union(older, self._newer, distinct=False).subquery("both")),
            keys=exp.select("_key").from_(left.copy()).where(is_wanted.copy()),
        )

    def _changed(self) -> Select:
        hashes = {
            "_key_hash": exp.func("hash", column("_key")),
            "_fingerprint": fingerprint(self._sync.fields.values()),
        }
        wanted = exp.select("*", "1 as _is_wanted", *[exp.alias_(value, name) for name, value in hashes.items()])
        wanted = wanted.from_(self._model.subquery("model"))
        stood = self._with(_STOOD, "checkpoint", "touched")
        return read(_CHANGED).with_("wanted", as_=wanted).with_("stood", as_=stood)

    def _has_copies(self) -> bool:
        """Whether more rows of the model than keys met: then some of them are copies of one key."""
        stood = self._with(_STOOD, "checkpoint", "touched")
        asked = self._with(_MATCHES, "changed").with_("stood", as_=stood).with_("model", as_=self._model)
        found = self._reader.query(asked.sql(dialect=self._reader.dialect)).read_all().to_pylist()[0]
        return bool(found["rows_matched"] != found["keys_matched"])

    def _with(self, sql: str, *names: str) -> Select:
        statement = read(sql)
        for name in names:
            rows = exp.select("*").from_(relation(self._reader, self._relations[name]))
            statement = statement.with_(name, as_=rows)
        return statement

    def _keep(self, name: str, statement: Select) -> None:
        self._relations[name] = self._reader.keep(name, statement.sql(dialect=self._reader.dialect))
