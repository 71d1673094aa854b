"""The changes of which a file is made, on this machine's disk: sets of rows, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
from sqlglot import exp

from reverse_etl.engine.words import KEY, Batch, Operation

_MEMORY = "512MB"
# What a spreadsheet takes for a formula. A number with a sign is none, nor is a phone number.
_FORMULA, _NUMBER = r"^'*[=+\-@\t\r\n＝＋－＠]", r"[+\-]?[0-9][0-9 .()\-]*"

_CHANGES = "select * from added qualify row_number() over (partition by _key order by _part desc) = 1"
_UNTOUCHED = "select * from before where not exists (select 1 from changes where changes._key = before._key)"
_ARRIVED = "select * from changes where not _is_gone"


class Parts:
    """The changes of the batches that were added, by their names; every value is kept as a text."""

    def __init__(self, *, neutralises: bool) -> None:
        self._home, self._neutralises = TemporaryDirectory(prefix="cdp-csv-"), neutralises
        spilled = str(self.folder / "spilled")
        # More threads write no faster, and hold the whole file in memory to write it in order.
        self._database = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": spilled, "threads": 1})
        self._files: dict[str, Path] = {}
        self._fields: list[str] = []

    @property
    def folder(self) -> Path:
        """Only we may look into it; it goes with `close`."""
        return Path(self._home.name)

    @property
    def names(self) -> list[str]:
        return list(self._files)

    def add(self, batch: Batch) -> None:
        """Keep a batch's changes; said again they are the same."""
        is_gone = batch.operation is Operation.REMOVE
        fields = [] if is_gone else [name for name in batch.rows.schema.names if not name.startswith("_")]
        self._fields = fields or self._fields
        file = self._files.get(batch.idempotency_key, self.folder / f"{len(self._files):08}.parquet")
        rows = batch.rows.select([KEY, *fields])
        values = [self._text(column) for column in rows.schema]
        about = [f"{is_gone} as _is_gone", f"{int(file.stem)} as _part"]
        self._database.register("given", rows)
        kept = self._database.sql(f"select {', '.join([*values, *about])} from given")
        kept.write_parquet(str(file), compression="zstd", overwrite=True)
        self._database.unregister("given")
        self._files[batch.idempotency_key] = file

    def merge(self, base: Path | None, base_columns: Sequence[str], key: str, to: Path) -> tuple[int, list[str]]:
        """Write the rows of `base`, whose first column is the key, with all changes; in the order of their keys.

        Gives how many rows there are, and the columns.
        """
        fields = self._fields or list(base_columns[1:])
        self._before(base, base_columns).create_view("before", replace=True)
        self._database.read_parquet([str(file) for file in self._files.values()], union_by_name=True).create_view(
            "added", replace=True
        )
        self._database.sql(_CHANGES).create_view("changes", replace=True)
        columns = [f"{KEY} as {_quoted(key)}", *map(_quoted, fields)]
        whole = f"select {', '.join(columns)} from ({_UNTOUCHED} union all by name {_ARRIVED}) order by {KEY}"
        written = self._database.execute(f"copy ({whole}) to {_literal(str(to))} (format csv, header)").fetchall()
        return int(written[0][0]), [key, *fields]

    def held(self, base: Path | None, base_columns: Sequence[str], keys: Sequence[str]) -> int:
        """How many rows of `base` have one of these keys, in the form in which a file has them."""
        asked = pa.table({KEY: pa.array(keys, pa.string())})
        self._before(base, base_columns).create_view("before", replace=True)
        self._database.register("asked", asked)
        written = f"select distinct {self._text(asked.schema.field(0))} from asked"
        found = self._database.sql(f"select count(*) from before semi join ({written}) using ({KEY})").fetchall()
        self._database.unregister("asked")
        return int(found[0][0])

    def clear(self) -> None:
        for file in self._files.values():
            file.unlink()
        self._files, self._fields = {}, []

    def close(self) -> None:
        self._database.close()
        self._home.cleanup()

    def _before(self, base: Path | None, columns: Sequence[str]) -> duckdb.DuckDBPyRelation:
        if base is None:
            return self._database.sql(f"select cast(null as varchar) as {KEY} where false")
        names = [KEY, *columns[1:]]
        return self._database.read_csv(
            str(base),
            auto_detect=False,
            header=True,
            columns=dict.fromkeys(names, "VARCHAR"),
            sep=",",
            quotechar='"',
            escapechar='"',
            na_values=[""],
            allow_quoted_nulls=False,
            parallel=False,
        )

    def _text(self, column: pa.Field) -> str:
        name = _quoted(column.name)
        if not self._neutralises or not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            return f"cast({name} as varchar) as {name}"
        runs = f"regexp_matches({name}, {_literal(_FORMULA)}) and not regexp_full_match({name}, {_literal(_NUMBER)})"
        return f"case when {runs} then '''' || {name} else {name} end as {name}"


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("duckdb")


def _literal(text: str) -> str:
    return exp.Literal.string(text).sql("duckdb")
