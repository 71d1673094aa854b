"""What landed parts show of addresses, and which of them their rows say must not be written to, as SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp.address_macros import AddressMacros
from cdp.declarations.addresses import Reason, ShownAddress, Suppressing
from cdp.declarations.sources import SourceTable
from cdp.landing.lake import parquet_relation, quoted
from cdp.landing.readers import quoted_name


@dataclass(frozen=True, slots=True)
class ShownIn:
    """One table's declarations as SQL over a relation of its landed parts."""

    table: SourceTable
    macros: AddressMacros

    def addresses(self, relation: str, columns: Sequence[str]) -> Iterator[str]:
        """One query per declared address of the `columns` there are: `address_kind`, `address`, distinct texts only."""
        for column in self.table.columns:
            for address in column.addresses if column.name in columns else ():
                text = f"(select distinct {self._text(column.name, address)} as shown from {relation})"
                normalised = self.macros.normalised(address.kind, "shown")
                yield f"select {quoted(address.kind)} as address_kind, {normalised} as address from {text}"

    def suppressions(self, relation: str, columns: Sequence[str]) -> Iterator[str]:
        """One query per declared reason: `reason`, `address_kind`, `address`, `listed_at`."""
        for reason, suppressing in self.table.suppresses.items():
            if {suppressing.address, suppressing.at, *suppressing.when} <= set(columns):
                yield self._suppression(reason, suppressing, relation)

    def _suppression(self, reason: Reason, suppressing: Suppressing, relation: str) -> str:
        (address,) = next(column.addresses for column in self.table.columns if column.name == suppressing.address)
        normalised = self.macros.normalised(address.kind, self._text(suppressing.address, address))
        conditions = " and ".join(
            f"cast({quoted_name(name)} as varchar) = {quoted(value)}" for name, value in suppressing.when.items()
        )
        return (
            f"select {quoted(reason)} as reason, {quoted(address.kind)} as address_kind, {normalised} as address, "
            f"try_cast({quoted_name(suppressing.at)} as timestamp) as listed_at from {relation} where {conditions}"
        )

    def _text(self, column: str, address: ShownAddress) -> str:
        name = f"cast({quoted_name(column)} as varchar)"
        return self.macros.json_text(name, address.path) if address.path else name


def fill_shown(connection: duckdb.DuckDBPyConnection, fresh: Sequence[tuple[ShownIn, list[Path]]]) -> None:
    """Tables `shown_addresses` and `shown_suppressions` of everything that the parts show."""
    addresses = ["select cast(null as varchar) as address_kind, cast(null as varchar) as address"]
    suppressions = [
        f"select cast(null as varchar) as reason, *, cast(null as timestamp) as listed_at from ({addresses[0]})"
    ]
    for shown, parts in fresh:
        relation = parquet_relation(parts)
        columns = [name for name, *_ in connection.execute(f"describe select * from {relation}").fetchall()]
        addresses += shown.addresses(relation, columns)
        suppressions += shown.suppressions(relation, columns)
    for name, queries in (("shown_addresses", addresses), ("shown_suppressions", suppressions)):
        connection.execute(
            f"create or replace temp table {name} as select distinct * from ({' union all '.join(queries)}) "
            "where address is not null"
        )
