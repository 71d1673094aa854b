"""Whether what waits in the outbox may still be sent: opt-outs newer than the build, and rows that left since."""

from __future__ import annotations

from collections.abc import Set
from contextlib import ExitStack

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from cdp.landing.lake import Lake, last_arrival, parquet_relation
from cdp.suppression.state import SOURCE
from cdp.warehouse.port import Generation, Reader, Warehouse
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import KEY, Batch
from reverse_etl.feedback.opt_outs import OptOuts

# Any other word is a no, as in `fct_consent_events`.
_NO_WITHDRAWALS = "'requested', 'confirmed', 'granted'"
_NEW_LISTINGS = """
select distinct tokens.address
from {listings} as listings join {tokens} as tokens
    on tokens.key_id = listings.key_id and tokens.token = listings.token
"""


class WarehousePermission:
    """See `reverse_etl.engine.ports.Permission`.

    What it has read is read again when the lake has a newer batch, or a tool has reported something.
    """

    def __init__(self, warehouse: Warehouse, lake: Lake, sync: Sync, reported: OptOuts) -> None:
        self._warehouse, self._lake, self._sync, self._reported = warehouse, lake, sync, reported
        self._read_at, self._opted_out = (-1, -1), _OptedOut([], [])

    def withdrawn(self, batch: Batch) -> Set[str]:
        return self._since_the_build().keys_in(batch)

    def unwanted(self, batch: Batch) -> Set[str]:
        key, model = exp.cast(exp.column(self._sync.key, quoted=True), "text"), self._sync.model
        keys = [exp.Literal.string(each) for each in batch.keys]
        with self._warehouse.reader() as reader:
            wanted = exp.select(exp.alias_(key, "key")).from_(reader.relation(model)).where(key.copy().isin(*keys))
            found = reader.query(wanted.sql(dialect=reader.dialect)).read_all().column(0).to_pylist()
        return set(batch.keys) - set(found)

    def _since_the_build(self) -> _OptedOut:
        newest = self._reported.newest(), self._lake.last_batch()
        if newest != self._read_at:
            with ExitStack() as stack:
                self._opted_out = self._read(stack.enter_context(self._warehouse.reader()))
            self._read_at = newest
        return self._opted_out

    def _read(self, reader: Reader) -> _OptedOut:
        built = reader.generation.batch
        newer = self._unsaid_by_a_rollback(reader.generation)
        addresses = sorted({*self._listed_after(built), *self._reported.after(built), *newer})
        known = [*addresses, *self._hashes(reader, addresses)]
        return _OptedOut(known, self._customers(reader, addresses))

    def _customers(self, reader: Reader, addresses: list[str]) -> list[str]:
        """Of the sync's audience, as text."""
        if not addresses or not self._sync.audience:
            return []
        reached = (
            exp.select(exp.cast(exp.column("customer_id"), "text"))
            .from_(reader.relation("audience_members"))
            .where(
                exp.column("audience_name").eq(exp.Literal.string(self._sync.audience)),
                exp.column("address").isin(*[exp.Literal.string(address) for address in addresses]),
            )
        )
        customers: list[str] = reader.query(reached.sql(dialect=reader.dialect)).read_all().column(0).to_pylist()
        return customers

    def _hashes(self, reader: Reader, addresses: list[str]) -> list[str]:
        """What an ad platform knows these addresses by."""
        if not self._sync.hashing or not addresses:
            return []
        hashed, known = exp.column(f"{self._sync.hashing}_sha256"), reader.relation("dim_address_hashes")
        these = exp.column("address").isin(*[exp.Literal.string(address) for address in addresses])
        found = exp.select(hashed).from_(known).where(these, exp.not_(hashed.copy().is_(exp.null())))
        hashes: list[str] = reader.query(found.sql(dialect=reader.dialect)).read_all().column(0).to_pylist()
        return hashes

    def _unsaid_by_a_rollback(self, published: Generation) -> list[str]:
        """Whoever said no after what is published was built, where readers went back to it: a no stands."""
        newer = [each.generation.number for each in self._warehouse.kept() if each.generation.number > published.number]
        if not newer:
            return []
        with self._warehouse.reader_of(max(newer)) as reader:
            since = f"_arrival > {last_arrival(published.batch)} and action not in ({_NO_WITHDRAWALS})"
            query = f"select distinct address from {reader.relation('fct_consent_events')} where {since}"
            addresses: list[str] = reader.query(query).read_all().column(0).to_pylist()
        return addresses

    def _listed_after(self, batch: int) -> list[str]:
        fresh = [part for part in self._lake.parts(SOURCE, "listings") if int(part.stem) > batch]
        tokens = self._lake.parts(SOURCE, "tokens")
        if not fresh or not tokens:
            return []
        query = _NEW_LISTINGS.format(listings=parquet_relation(fresh), tokens=parquet_relation(tokens))
        with duckdb.connect() as engine:
            return [address for (address,) in engine.execute(query).fetchall()]


class _OptedOut:
    """Addresses that said no, with their hashes, and the customers who have them."""

    def __init__(self, addresses: list[str], customers: list[str]) -> None:
        self._addresses, self._customers = pa.array(addresses, pa.string()), pa.array(customers, pa.string())

    def keys_in(self, batch: Batch) -> Set[str]:
        """The keys of rows that are one of them or, as a message, have one of them in a field."""
        rows = batch.rows
        if not len(self._addresses):
            return frozenset()
        gone = pa.repeat(pa.scalar(False), rows.num_rows)
        for name, column in zip(rows.schema.names, rows.columns, strict=True):
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                gone = pc.or_(gone, _among(column, self._addresses))
            if name in {KEY, "customer_id"}:
                gone = pc.or_(gone, _among(column, self._customers))
        return set(rows.column(KEY).filter(gone).to_pylist())


def _among(column: pa.Array, values: pa.Array) -> pa.Array:
    return pc.is_in(column.cast(pa.string()), value_set=values)
